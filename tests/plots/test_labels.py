import math

import pytest

from dlkit.plots import labels


@pytest.mark.parametrize(
    ("share", "digits", "text"),
    [
        (0.98888, 1, "98.9%"),
        (0.99999, 1, "99.9%"),
        (0.9999, 0, "99%"),
        (1.0, 1, "100.0%"),
        (0.0, 1, "0.0%"),
        (math.nan, 1, "–"),
    ],
)
def test_percent_never_rounds_up_to_the_whole(share, digits, text):
    assert labels.percent(share, digits) == text


def test_shares_are_told_from_other_metrics():
    assert labels.is_share("val_accuracy")
    assert labels.is_share("top_5_accuracy")
    assert labels.is_share("mean_iou")
    assert not labels.is_share("loss")
    assert not labels.is_share("perplexity")


def test_values_read_as_people_read_them():
    assert labels.value("accuracy", 0.5) == "50.0%"
    assert labels.value("accuracy", 12.0) == "12"
    assert labels.value("loss", 0.012345) == "0.0123"
    assert labels.value("loss", math.inf) == "not finite"
    assert labels.metric("val_top_5_accuracy") == "Top 5 accuracy"


def test_names_are_cut_and_cleaned():
    assert labels.shorten("golden retriever of the hills", 10) == "golden re…"
    assert labels.shorten("tabby", 5) == "tabby"
    assert labels.clean("a\x00b\udcff\n  c") == "a\ufffdb\ufffd c"


def test_only_right_to_left_names_are_isolated():
    assert labels.isolate("tabby") == "tabby"
    assert labels.isolate("שלום") == "\u2068שלום\u2069"

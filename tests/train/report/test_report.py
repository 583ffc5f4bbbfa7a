"""The page: what it holds, what it must not hold, and that it is the same every time."""

import copy
import html.parser
import json
import math
import re
import warnings

import matplotlib
import numpy as np
import pytest
from matplotlib.figure import Figure

from dlkit import plots
from dlkit.train import report

ALWAYS = ["run", "curves", "throughput", "environment", "config", "reproduce"]
EVIL = "<script>alert('&\"')</script>"


class Page(html.parser.HTMLParser):
    """What a page holds: tags, attributes, text, ids and headings, in their order."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.ids, self.headings, self.text, self.open = [], [], [], [], []
        self.source = text
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        self.tags.append((tag, attributes))
        self.ids += [attributes["id"]] if "id" in attributes else []
        self.open.append(tag)
        if re.fullmatch("h[1-6]", tag):
            self.headings.append(tag)

    def handle_endtag(self, tag):
        if tag in self.open:
            while self.open.pop() != tag:
                pass

    def handle_data(self, data):
        if "style" not in self.open:
            self.text.append(data)

    def all(self, tag):
        return [attributes for name, attributes in self.tags if name == tag]

    @property
    def words(self):
        return " ".join(" ".join(self.text).split())


def read(path):
    return Page(path.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def page(finished_run):
    return read(report.write(finished_run))


def test_every_section_in_its_order(page):
    sections = [attributes["id"] for attributes in page.all("section")]
    assert sections == [*ALWAYS[:2], "confusion", "mistakes", "classes", *ALWAYS[2:]]
    assert "headline" in page.ids


def test_nothing_is_fetched_and_nothing_runs(page):
    (policy,) = [a["content"] for a in page.all("meta") if a.get("http-equiv")]
    assert policy == "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
    tags = {tag for tag, _ in page.tags}
    assert not tags & {"script", "link", "iframe", "object", "embed", "base", "form"}
    for tag, attributes in page.tags:
        for name, value in attributes.items():
            assert not name.startswith("on"), (tag, name)
            if name in ("src", "href", "xlink:href", "srcset", "action"):
                assert value.startswith(("#", "data:image/png;base64,")), (tag, value[:40])
    assert "//" not in re.sub(r"data:image/png;base64,[^\"]*", "", page.source)
    assert "@import" not in page.source
    assert not re.search(r"url\((?!#)", page.source)


def test_ids_are_unique_and_every_link_lands(page):
    assert len(page.ids) == len(set(page.ids))
    targets = {a["href"][1:] for tag in ("a", "use") for a in page.all(tag)}
    targets |= set(re.findall(r"url\(#([^)]+)\)", page.source))
    assert targets <= set(page.ids)


def test_headings_begin_with_one_h1_and_skip_no_level(page):
    assert page.headings[0] == "h1"
    assert set(page.headings[1:]) == {"h2"}


def test_every_figure_says_what_it_shows(page):
    drawn = page.all("svg")
    assert len(drawn) > 5
    for attributes in drawn:
        assert attributes["role"] == "img"
        assert len(attributes["aria-label"]) > 10
    assert any("taken for" in attributes["aria-label"] for attributes in drawn)


def test_the_headline_holds_the_result_beside_the_baseline(page):
    words = page.words
    assert "lenet5 on digits" in words
    assert "95.1% test accuracy 428 of 450 test examples right." in words
    assert "Baseline: 3-nearest-neighbour 94.2% the model is 0.9 points above it" in words
    assert "Training time 48 s 30 epochs" in words
    assert "Parameters 61,706" in words


def test_what_how_where_and_the_command(page):
    words = page.words
    assert (
        "Up to 30 epochs in batches of 64 at 32 × 32 pixels, adam at a learning rate of 0.001 "
        "on a cosine schedule; augmentation shift; float32; seed 0."
    ) in words
    assert "train 1,077 59.9%" in words
    assert "Epoch 24 was the best: 96.3% validation accuracy." in words
    assert "TensorFlow 2.21.0" in words
    assert "sha256:3b9ac4" in words
    assert "learning_rate: 0.001" in words
    assert "dlkit train lenet5 --dataset digits --seed 0" in words
    assert "seconds an epoch" in words


def test_the_same_folder_gives_the_same_bytes(make_run):
    first = report.write(make_run("a")).read_bytes()
    assert report.write(make_run("a")).read_bytes() == first
    with matplotlib.rc_context({"font.size": 30, "svg.hashsalt": None, "axes.grid": False}):
        assert report.write(make_run("b")).read_bytes() == first


def test_nothing_but_the_page_is_written(make_run):
    folder = make_run()
    before = {path.name for path in folder.iterdir()}
    path = report.write(folder)
    assert path == folder / "report.html"
    assert {path.name for path in folder.iterdir()} == before | {"report.html"}


def test_text_of_users_is_only_text(make_run):
    env = copy.deepcopy(make_run.env)
    env["model"]["name"] = env["data"]["name"] = env["command"] = env["platform"] = EVIL
    env["data"]["class_names"] = [EVIL] * 10
    env["data"]["notes"], env["plugins"], env["git"] = [EVIL], {EVIL: EVIL}, EVIL
    evaluation = make_run.evaluation([f"{EVIL}{k}" for k in range(10)])
    evaluation["baseline"]["name"] = EVIL
    folder = make_run(
        f"run {EVIL.replace('/', '')}",
        env=env,
        evaluation=evaluation,
        config=f"{make_run.config}data: {json.dumps(EVIL)}\n",
        log=make_run.log().replace("accuracy", EVIL),
        state={"status": EVIL, "best": {"monitor": EVIL, "value": 1}},
    )
    section = plots.Section(EVIL, EVIL, EVIL, plots.curves({EVIL: [1.0]}), [[EVIL], [EVIL]], EVIL)
    for sections in ((), [section]):
        page = read(report.write(folder, sections))
        assert "<script" not in page.source.lower()
        assert not page.all("script")
        assert page.words.count(EVIL) > 10


def test_names_of_any_script_and_of_no_script(make_run):
    names = ["שלום עולם", "قطة", "狐狸", "😀 smile", "a\x00\x1b\ud800b", "$\\frac", "x" * 300,
             "", "  ", "\u202eevil"]  # fmt: skip
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        page = read(report.write(make_run(evaluation=make_run.evaluation(names))))
    for name in ("\u2068שלום עולם\u2069", "狐狸", "😀 smile", "a\ufffd\ufffd\ufffdb", "$\\frac"):
        assert name in page.words


def test_before_evaluation_the_page_says_the_command(make_run):
    folder = make_run("my run", evaluated=False)
    page = read(report.write(folder))
    sections = [attributes["id"] for attributes in page.all("section")]
    assert sections == [*ALWAYS[:2], "evaluation", *ALWAYS[2:]]
    assert f"dlkit eval '{folder}'" in page.words
    assert "best validation accuracy" in page.words


def test_a_run_under_way_has_no_state_yet(make_run):
    folder = make_run(evaluated=False)
    (folder / "state.json").unlink()
    assert "still running, or killed" in read(report.write(folder)).words


def test_the_best_epoch_is_the_one_whose_model_is_there(make_run):
    folder = make_run(state={**make_run.state, "status": "interrupted"})
    best = {"epoch": 20, "monitor": "val_accuracy", "value": 0.9556}
    (folder / "ckpt" / "best").mkdir(parents=True)
    (folder / "ckpt" / "best" / "state.json").write_text(json.dumps({"best": best}))
    page = Page(report.write(folder).read_text(encoding="utf-8"))
    assert "Epoch 20 was the best: 95.6% validation accuracy." in page.words


def test_one_epoch_without_validation(make_run):
    log = "epoch,loss\n1,2.5\n"
    page = read(report.write(make_run(log=log, evaluated=False, state={"status": "time limit"})))
    assert "No validation was logged." in page.words
    assert "It stopped at its time limit after 1 epoch" in page.words


def test_a_loss_that_is_not_finite_is_said(make_run):
    log = "epoch,loss,val_loss\n1,2.5,2.0\n2,nan,nan\n3,inf,\n"
    words = read(report.write(make_run(log=log, state={}, evaluated=False))).words
    assert "Loss is not finite from epoch 2 on: try a lower learning rate" in words


def test_no_mistakes_and_two_classes(make_run):
    truth = np.array([0, 1, 1, 0])
    arrays = {
        "labels": truth,
        "probabilities": np.eye(2)[truth],
        "mistake_images": np.zeros((0, 8, 8, 1), np.uint8),
        "mistake_rows": np.zeros(0, int),
    }
    folder = make_run(arrays=arrays, evaluation=make_run.evaluation(["cat", "dog"], accuracy=1.0))
    words = read(report.write(folder)).words
    assert "4 of 4 answers were right. Nothing was confused." in words
    assert "Not one answer was wrong." in words


def test_huge_images_and_many_classes_stay_small(make_run):
    random = np.random.default_rng(0)
    truth = random.integers(0, 200, 2000)
    probabilities = random.random((2000, 200))
    wrong = np.flatnonzero(probabilities.argmax(axis=1) != truth)[:30]
    arrays = {
        "labels": truth,
        "probabilities": probabilities,
        "mistake_images": random.integers(0, 256, (len(wrong), 600, 400, 3), dtype=np.uint8),
        "mistake_rows": wrong,
    }
    names = [f"a long name of class number {k}, and longer" for k in range(200)]
    path = report.write(make_run(arrays=arrays, evaluation=make_run.evaluation(names, 0.01)))
    assert path.stat().st_size < 3_000_000
    assert "The hardest 15 of 200 classes" in read(path).words


def test_sections_of_a_task_stand_between_curves_and_throughput(make_run):
    drawn = Figure()
    drawn.add_subplot().plot([1, 2], color="black")
    given = [
        plots.Section("Drawn boxes", "Boxes", "Twice.", drawn, None, "Two boxes on a street"),
        plots.Section("curves", "More", "", None, [["a", "b"], ["x", "1.5"]]),
        plots.Section("boxes", "Tiles", "", [plots.curves({"loss": [1.0]})] * 2, None, "Both"),
    ]
    page = read(report.write(make_run(), given))
    sections = [attributes["id"] for attributes in page.all("section")]
    assert sections == ["run", "curves", "drawn-boxes", "curves-2", "boxes", *ALWAYS[2:]]
    labels = [attributes["aria-label"] for attributes in page.all("svg")]
    assert "Two boxes on a street" in labels
    assert any("Curves over 1 epochs" in label for label in labels)


def test_figures_take_the_colours_of_the_page(page):
    assert "stroke: var(--accent)" in page.source
    for attributes in page.all("text"):
        assert "#" not in attributes["style"]
        assert "font-family" not in attributes["style"]


def test_metrics_without_a_number_do_not_stop_the_page(make_run):
    evaluation = make_run.evaluation()
    evaluation["metrics"] = {"accuracy": math.nan}
    evaluation["baseline"] = None
    words = read(report.write(make_run(evaluation=evaluation))).words
    assert "– test accuracy" in words
    assert "Baseline" not in words


def test_the_summary_picture(make_run, tmp_path):
    drawn = report.summary(make_run())
    path = plots.save(drawn, tmp_path / "summary.png")
    assert path.read_bytes().startswith(b"\x89PNG")
    with pytest.raises(report.ReportError, match="dlkit eval"):
        report.summary(make_run("unseen", evaluated=False))

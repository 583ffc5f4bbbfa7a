import pytest
import tensorflow as tf

from dlkit.data import DataError, counted


def odd():
    return tf.data.Dataset.range(10).filter(lambda n: n % 2 == 1)


def test_what_is_unknown_is_counted():
    assert int(odd().cardinality()) == tf.data.UNKNOWN_CARDINALITY
    assert int(counted(odd()).cardinality()) == 5
    assert [int(n) for n in counted(odd())] == [1, 3, 5, 7, 9]


def test_a_count_that_is_given_is_believed_and_checked():
    assert int(counted(odd(), 5).cardinality()) == 5
    with pytest.raises(tf.errors.FailedPreconditionError):
        list(counted(odd(), 4))


def test_what_is_known_stays():
    known = tf.data.Dataset.range(3)
    assert counted(known) is known


def test_what_has_no_end_is_refused():
    with pytest.raises(DataError, match="without an end"):
        counted(tf.data.Dataset.range(3).repeat())

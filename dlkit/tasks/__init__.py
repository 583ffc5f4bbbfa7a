"""What a kind of problem needs: data format, loss, metrics, evaluation, pictures."""

from dlkit.tasks.base import Evaluation, Task

__all__ = ["Evaluation", "Task"]

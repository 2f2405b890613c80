"""The exercises that are graded: a small one, one that draws, one that fits models."""

from bench.exercise import Exercise
from bench.exercises import figures, model, training

EXERCISES: tuple[Exercise, ...] = (training.EXERCISE, figures.EXERCISE, model.EXERCISE)

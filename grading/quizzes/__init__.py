"""Quizzes: what an item is, how it is drawn for a learner, how an answer is marked. Pure: values in, values out."""

"""Running a program of the user to see which variables it makes: both sides of `ckptls trace`."""

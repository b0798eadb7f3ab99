"""Is an estimator what it says it is?  Small named checks, a ladder of networks, and `assert_unbiased` for anybody's code."""

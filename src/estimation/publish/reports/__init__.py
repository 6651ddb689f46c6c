"""The four reports: a projection, a design, a backtest, an evaluation, each in the words of one language."""

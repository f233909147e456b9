"""Accepts the columns of a model call, gives its cost in USD and the list that priced it; never guesses."""

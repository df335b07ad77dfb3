"""The far ends: small processes that are faster than any client of theirs."""

"""The contest: votes, counts, rankings, voting period, moderation and accounts."""

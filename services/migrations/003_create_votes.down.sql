DROP TABLE vote_deltas;
DROP TABLE votes;

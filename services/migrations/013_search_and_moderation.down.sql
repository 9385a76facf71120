DROP INDEX videos_hidden_idx;
DROP INDEX votes_created_idx;
DROP INDEX users_player_words_idx;
DROP FUNCTION player_query(TEXT);
DROP FUNCTION player_words(TEXT);

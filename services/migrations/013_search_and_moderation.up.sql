-- Players are found by the beginnings of the words of their names, in any order, however they are spelled:
-- "rojas val" finds Valentina Rojas. PostgreSQL's own parser would take apart what looks like an address or a tag.
CREATE FUNCTION player_words(name TEXT) RETURNS TSVECTOR LANGUAGE sql IMMUTABLE PARALLEL SAFE STRICT AS $$
    SELECT array_to_tsvector(array_remove(regexp_split_to_array(public.city_key(name), '[^[:alnum:]]+'), ''))
$$;
CREATE FUNCTION player_query(words TEXT) RETURNS TSQUERY LANGUAGE sql IMMUTABLE PARALLEL SAFE STRICT AS $$
    SELECT CAST(string_agg(word || ':*', ' & ') AS tsquery)
    FROM regexp_split_to_table(public.city_key(words), '[^[:alnum:]]+') AS word WHERE word <> ''
$$;
CREATE INDEX users_player_words_idx ON users USING gin (public.player_words(first_name || ' ' || last_name));

-- Votes are written in the order of their time, so a summary of each stretch of the table finds the latest of them;
-- unlike a tree it costs a vote nothing.
CREATE INDEX votes_created_idx ON votes USING brin (created_at) WITH (pages_per_range = 32, autosummarize = on);
CREATE INDEX videos_hidden_idx ON videos (hidden_at) WHERE hidden_at IS NOT NULL;

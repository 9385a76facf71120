-- A video's position is the number of those before it, which takes long to count from the top. Marks stand in the
-- ranking some hundred videos apart, each with the number of videos before it: only those after the last mark are
-- counted. The marks of the country have no city.
CREATE TABLE rank_marks (
    city_key    TEXT,
    minus_votes INT         NOT NULL,
    uploaded_at TIMESTAMPTZ NOT NULL,
    video_id    UUID        NOT NULL,
    ahead       BIGINT      NOT NULL
);
CREATE INDEX rank_marks_place_idx ON rank_marks (city_key, minus_votes, uploaded_at, video_id);

-- What came to a place in the ranking (1) and left one (-1) since the marks were set, so that they are exact at every
-- moment. Rows are added and swept away, never changed, so that nobody waits for anybody.
CREATE TABLE rank_changes (
    city_key    TEXT,
    minus_votes INT         NOT NULL,
    uploaded_at TIMESTAMPTZ NOT NULL,
    video_id    UUID        NOT NULL,
    change      SMALLINT    NOT NULL CHECK (change IN (-1, 1))
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);

CREATE FUNCTION note_rank_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'INSERT' AND OLD.is_open THEN
        INSERT INTO rank_changes VALUES (OLD.city_key, -OLD.votes_count, OLD.uploaded_at, OLD.id, -1);
    END IF;
    IF TG_OP <> 'DELETE' AND NEW.is_open THEN
        INSERT INTO rank_changes VALUES (NEW.city_key, -NEW.votes_count, NEW.uploaded_at, NEW.id, 1);
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER videos_rank_insert AFTER INSERT ON videos FOR EACH ROW
    WHEN (NEW.is_open) EXECUTE FUNCTION note_rank_change();
CREATE TRIGGER videos_rank_update AFTER UPDATE ON videos FOR EACH ROW
    WHEN ((OLD.is_open, OLD.city_key, OLD.votes_count, OLD.uploaded_at)
          IS DISTINCT FROM (NEW.is_open, NEW.city_key, NEW.votes_count, NEW.uploaded_at))
    EXECUTE FUNCTION note_rank_change();
CREATE TRIGGER videos_rank_delete AFTER DELETE ON videos FOR EACH ROW
    WHEN (OLD.is_open) EXECUTE FUNCTION note_rank_change();

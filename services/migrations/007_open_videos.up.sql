-- Who may moderate, and whose account was closed by somebody who may.
ALTER TABLE users ADD COLUMN is_moderator BOOLEAN NOT NULL DEFAULT false;
ALTER TABLE users ADD COLUMN disabled_at TIMESTAMPTZ;

-- A city however it is spelled: Bogotá, BOGOTA and " bogotá" are one. (The characters are those of Spanish and its
-- neighbours; PostgreSQL's own unaccent is an extension, and none is needed here.)
CREATE FUNCTION city_key(name TEXT) RETURNS TEXT LANGUAGE sql IMMUTABLE PARALLEL SAFE STRICT AS $$
    SELECT translate(lower(btrim(name)), 'áàâäãåéèêëíìîïóòôöõúùûüñçÁÀÂÄÃÅÉÈÊËÍÌÎÏÓÒÔÖÕÚÙÛÜÑÇ',
                     'aaaaaaeeeeiiiiooooouuuuncaaaaaaeeeeiiiiooooouuuunc')
$$;

-- The player's city stands beside the votes, so that one index holds the ranking of each city.
ALTER TABLE videos ADD COLUMN city VARCHAR(100);
UPDATE videos SET city = users.city FROM users WHERE users.id = videos.user_id;
CREATE FUNCTION take_city_of_player() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    SELECT city INTO NEW.city FROM users WHERE id = NEW.user_id;
    RETURN NEW;
END
$$;
CREATE TRIGGER videos_city BEFORE INSERT ON videos FOR EACH ROW EXECUTE FUNCTION take_city_of_player();

ALTER TABLE videos ADD COLUMN hidden_at TIMESTAMPTZ;
ALTER TABLE videos ADD COLUMN is_open BOOLEAN NOT NULL
    GENERATED ALWAYS AS (is_public AND status = 'processed' AND hidden_at IS NULL) STORED;
ALTER TABLE videos ADD COLUMN city_key TEXT GENERATED ALWAYS AS (city_key(city)) STORED;

-- Negative counts let one index read "most votes first, then the earlier upload" forwards, from any place in it.
DROP INDEX videos_ranking_idx;
CREATE INDEX videos_ranking_idx ON videos ((-votes_count), uploaded_at, id) WHERE is_open;
CREATE INDEX videos_city_ranking_idx ON videos (city_key, (-votes_count), uploaded_at, id) WHERE is_open;
-- The gallery shows the later upload first; it reads these backwards.
CREATE INDEX videos_gallery_idx ON videos (votes_count, uploaded_at, id) WHERE is_open;
CREATE INDEX videos_city_gallery_idx ON videos (city_key, votes_count, uploaded_at, id) WHERE is_open;

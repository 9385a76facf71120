ALTER TABLE videos DROP COLUMN preview_url;

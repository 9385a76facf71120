-- A few seconds of the processed video, small and silent, for lists; videos processed before have none.
ALTER TABLE videos ADD COLUMN preview_url VARCHAR(500);

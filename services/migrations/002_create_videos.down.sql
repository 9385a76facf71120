DROP TABLE deleted_videos;
DROP TABLE videos;

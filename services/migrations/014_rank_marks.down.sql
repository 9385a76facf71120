DROP TRIGGER videos_rank_delete ON videos;
DROP TRIGGER videos_rank_update ON videos;
DROP TRIGGER videos_rank_insert ON videos;
DROP FUNCTION note_rank_change();
DROP TABLE rank_changes;
DROP TABLE rank_marks;

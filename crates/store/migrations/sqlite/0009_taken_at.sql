-- When an attempt was first taken over from the node that claimed it: from then on nobody can post it, whoever carries it.
ALTER TABLE attempts ADD COLUMN taken_at INTEGER;

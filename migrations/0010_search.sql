-- Past answers of a class are most of what is searched: in each order, by day and by folder, without reading the others.
-- The model is there to be compared, so that rows are not looked up for it.
CREATE INDEX predictions_by_class_and_time ON predictions (class_name, created_at DESC, id DESC, model);
CREATE INDEX predictions_by_class_and_margin ON predictions (class_name, margin, id, model);
CREATE INDEX predictions_by_class_and_path ON predictions (class_name, path);

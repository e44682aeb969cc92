-- Articles with one id and different bytes: a row belongs to the last article before it.
CREATE VIEW keyed_articles AS
SELECT
    *,
    article_id || '@' || sha256[:8] AS key,
    sum(n_sentences) OVER earlier - n_sentences AS first_sentence,
    sum(n_annotations) OVER earlier - n_annotations AS first_annotation
FROM file_articles
WINDOW earlier AS (PARTITION BY run, filename ORDER BY file_row_number);

CREATE VIEW keyed_sentences AS
SELECT s.*, a.key
FROM file_sentences s ASOF JOIN (FROM keyed_articles WHERE n_sentences > 0) a
    ON s.run = a.run AND parse_filename(s.filename) = parse_filename(a.filename)
    AND s.file_row_number >= a.first_sentence;

CREATE VIEW keyed_annotations AS
SELECT m.*, a.key
FROM file_annotations m ASOF JOIN (FROM keyed_articles WHERE n_annotations > 0) a
    ON m.run = a.run AND parse_filename(m.filename) = parse_filename(a.filename)
    AND m.file_row_number >= a.first_annotation;

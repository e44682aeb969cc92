-- What can be asked of runs. Over: run_articles, run_sentences, run_annotations, run_rejects, the
-- tables as they are, with the columns run and key: key is unique to an article, and to its version.

-- The text of a mention, or of anything else that has offsets in an article's text.
CREATE MACRO mention_text(article_text, first, stop) AS
    substring(article_text, first + 1, stop - first);

-- A name without regard to case and plural, to group by: "Tumours" and "tumour" are one.
CREATE MACRO fold_name(name) AS lower(
    CASE
        WHEN length(name) < 4 OR NOT regexp_matches(name, '[a-z]s$') THEN name
        WHEN regexp_matches(name, '(ss|us|is|as|os)$') THEN name
        WHEN regexp_matches(name, '[^aeiou]ies$') THEN regexp_replace(name, 'ies$', 'y')
        WHEN regexp_matches(name, '(s|x|z|ch|sh)es$') THEN regexp_replace(name, 'es$', '')
        ELSE regexp_replace(name, 's$', '')
    END
);

CREATE VIEW articles AS
SELECT *, NOT regexp_matches(article_id, '#sa[0-9]+$') AS is_main FROM run_articles;

CREATE VIEW sentences AS
SELECT
    s.* RENAME ("end" AS stop),
    mention_text(a.text, s.start, s."end") AS text,
    string_split(s.section, '|') AS sections,
    a.passages[s.passage + 1].path AS path
FROM run_sentences s JOIN run_articles a USING (run, key);

CREATE VIEW mentions AS
SELECT
    m.* REPLACE (round(m.score::DOUBLE, 6) AS score) RENAME ("end" AS stop),
    string_split(m.section, '|') AS sections,
    mention_text(a.text, s.start, s."end") AS sentence_text,
    a.passages[m.passage + 1].path AS path,
    nullif(regexp_extract(m.start_xpath, '^(.*/(?:tr|row)\[[0-9]+\])/(?:td|th|entry)\[', 1), '')
        AS table_row,
    coalesce(m.concept, fold_name(m.exact)) AS term,
    a.pmcid, a.pmid, a.doi, a.title, a.journal, a.year, a.article_type, a.license
FROM run_annotations m
JOIN run_articles a USING (run, key)
JOIN run_sentences s USING (run, key, sentence);

CREATE VIEW rejects AS SELECT * FROM run_rejects;

-- Two mentions of one model in a sentence, or in two cells of a table's row. The first is the one
-- whose type comes first in the alphabet; of one type, the one that comes first in the text.
CREATE VIEW pairs AS
SELECT
    a.run, a.article_id, a.pmcid, a.year, a.section, a.sections,
    CASE WHEN a.sentence = b.sentence THEN 'sentence' ELSE 'table row' END AS shared,
    a.type AS type1, a.exact AS exact1, a.term AS term1, a.concept AS concept1,
    b.type AS type2, b.exact AS exact2, b.term AS term2, b.concept AS concept2,
    a.sentence_text, a.annotation_id AS annotation_id1, b.annotation_id AS annotation_id2,
    least(a.score, b.score) AS score
FROM mentions a JOIN mentions b
    ON a.run = b.run AND a.key = b.key AND a.model = b.model
    AND (a.type, a.start) < (b.type, b.start)
    AND (a.stop <= b.start OR b.stop <= a.start)
    AND (a.sentence = b.sentence OR a.table_row = b.table_row);

-- Names: mentions of one type that share a term, which is the concept where there is one.
CREATE VIEW terms AS
SELECT
    type,
    term,
    coalesce(any_value(concept_name), mode(exact)) AS name,
    any_value(concept) AS concept,
    count(*) AS mentions,
    count(DISTINCT (run, key)) AS articles,
    round(avg(score), 3) AS mean_score,
    list_sort(list_distinct(list(exact))) AS spellings
FROM mentions
GROUP BY type, term
ORDER BY mentions DESC, name;

-- The sentence in which an annotation stands.
CREATE MACRO sentence_of(id) AS (
    SELECT min(its_sentence)
    FROM (SELECT annotation_id AS its_id, sentence_text AS its_sentence FROM mentions)
    WHERE its_id = id
);

-- Series are partitioned by month (UTC). Each parent has a default partition too, so no insert ever fails;
-- rows that landed there move out when their month is made. Partitions are closed: no grants, no policy,
-- row-level security forced.
CREATE FUNCTION platform_private.close_partition(partition text) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    EXECUTE format('ALTER TABLE platform.%I ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', partition);
    -- Row triggers come with the parent, this one does not.
    IF partition LIKE 'audit\_logs\_%' THEN
        EXECUTE format('CREATE TRIGGER audit_is_append_only_truncate BEFORE TRUNCATE ON platform.%I
            FOR EACH STATEMENT EXECUTE FUNCTION platform.refuse_audit_change()', partition);
    END IF;
END
$$;

CREATE FUNCTION platform_private.make_partition(parent text, key text, month timestamptz) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp SET timezone = 'UTC'
AS $$
DECLARE
    partition text := parent || to_char(month, '_YYYY_MM');
    fallback text := parent || '_default';
    next_month timestamptz := month + interval '1 month';
    strays boolean;
BEGIN
    IF to_regclass(format('platform.%I', partition)) IS NOT NULL THEN
        RETURN false;
    END IF;
    -- Writers wait here, readers do not: a row that was on its way to the default partition would be refused there.
    EXECUTE format('LOCK TABLE platform.%I IN SHARE ROW EXCLUSIVE MODE', parent);
    EXECUTE format('CREATE TABLE platform.%I (LIKE platform.%I INCLUDING DEFAULTS INCLUDING CONSTRAINTS)',
                   partition, parent);
    EXECUTE format('SELECT EXISTS (SELECT FROM platform.%I WHERE %I >= $1 AND %2$I < $2)', fallback, key)
        INTO strays USING month, next_month;
    IF strays THEN
        -- Nothing is changed by moving, so the triggers (append-only, notices) have no say.
        EXECUTE format('ALTER TABLE platform.%I DISABLE TRIGGER USER', fallback);
        EXECUTE format('WITH moved AS (DELETE FROM platform.%I WHERE %I >= $1 AND %2$I < $2 RETURNING *)
                        INSERT INTO platform.%I SELECT * FROM moved', fallback, key, partition)
            USING month, next_month;
        EXECUTE format('ALTER TABLE platform.%I ENABLE TRIGGER USER', fallback);
    END IF;
    EXECUTE format('ALTER TABLE platform.%I ATTACH PARTITION platform.%I FOR VALUES FROM (%L) TO (%L)',
                   parent, partition, month, next_month);
    PERFORM platform_private.close_partition(partition);
    RETURN true;
END
$$;

CREATE FUNCTION platform_private.ensure_partitions(months_back int, months_ahead int) RETURNS int
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp SET timezone = 'UTC'
AS $$
DECLARE
    series record;
    month timestamptz;
    this_month timestamptz := date_trunc('month', now());
    made int := 0;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('platform_private.ensure_partitions', 0));
    FOR series IN
        SELECT s.parent, s.key
        -- The audit trail last, as requests write it last: so the two do not wait for each other.
        FROM (VALUES (1, 'project_metrics', 'timestamp'), (2, 'database_metrics', 'timestamp'),
                     (3, 'audit_logs', 'created_at')) AS s (place, parent, key)
        WHERE to_regclass('platform.' || s.parent) IS NOT NULL
        ORDER BY s.place
    LOOP
        IF to_regclass('platform.' || series.parent || '_default') IS NULL THEN
            EXECUTE format('CREATE TABLE platform.%I PARTITION OF platform.%I DEFAULT',
                           series.parent || '_default', series.parent);
            PERFORM platform_private.close_partition(series.parent || '_default');
        END IF;
        FOR month IN
            SELECT generate_series(this_month - make_interval(months => months_back),
                                   this_month + make_interval(months => months_ahead), interval '1 month')
        LOOP
            IF platform_private.make_partition(series.parent, series.key, month) THEN
                made := made + 1;
            END IF;
        END LOOP;
    END LOOP;
    RETURN made;
END
$$;

COMMENT ON FUNCTION platform_private.ensure_partitions(int, int) IS
    'Makes the monthly partitions that are missing, returns how many; idempotent, safe when several run at once';

-- Retention: whole months that ended by then go, and what of it lies in the default partition.
CREATE FUNCTION platform_private.drop_partitions(parent text, before timestamptz) RETURNS int
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp SET timezone = 'UTC'
AS $$
DECLARE
    key text := CASE parent WHEN 'project_metrics' THEN 'timestamp' WHEN 'database_metrics' THEN 'timestamp'
                            WHEN 'audit_logs' THEN 'created_at' END;
    partition text;
    dropped int := 0;
BEGIN
    IF key IS NULL THEN
        RAISE EXCEPTION '% is not a partitioned table', parent USING ERRCODE = 'invalid_parameter_value';
    END IF;
    PERFORM pg_advisory_xact_lock(hashtextextended('platform_private.ensure_partitions', 0));
    FOR partition IN
        SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
        WHERE i.inhparent = to_regclass('platform.' || parent) AND c.relname ~ '_\d{4}_\d{2}$'
          AND to_timestamp(right(c.relname, 7), 'YYYY_MM') + interval '1 month' <= before
        ORDER BY c.relname
    LOOP
        EXECUTE format('DROP TABLE platform.%I', partition);
        dropped := dropped + 1;
    END LOOP;
    EXECUTE format('ALTER TABLE platform.%I DISABLE TRIGGER USER', parent || '_default');
    EXECUTE format('DELETE FROM platform.%I WHERE %I < $1', parent || '_default', key)
        USING date_trunc('month', before);
    EXECUTE format('ALTER TABLE platform.%I ENABLE TRIGGER USER', parent || '_default');
    RETURN dropped;
END
$$;

COMMENT ON FUNCTION platform_private.drop_partitions(text, timestamptz) IS
    'Drops the months of a series that ended by then, returns how many';

-- What was sent, or given up, keeps no link that is as good as a password.
ALTER TABLE platform_private.outbox
    ALTER COLUMN letter_sealed DROP NOT NULL,
    ADD CONSTRAINT outbox_content_check CHECK ((letter_sealed IS NULL) = (num_nonnulls(sent_at, failed_at) = 1));

CREATE FUNCTION platform_private.wake_jobs() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM pg_notify('ogelbase_jobs', TG_TABLE_NAME);
    RETURN NULL;
END $$;
COMMENT ON FUNCTION platform_private.wake_jobs() IS 'Tells the servers'' jobs at COMMIT that there is something to do';

CREATE TRIGGER outbox_wakes_jobs AFTER INSERT ON platform_private.outbox
    FOR EACH STATEMENT EXECUTE FUNCTION platform_private.wake_jobs();

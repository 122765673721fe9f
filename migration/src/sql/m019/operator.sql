-- A value that is sealed anew under another key says what it said before: that is no change of its row. Only who works
-- under the service role can ask for it, so no request hides a change.
CREATE OR REPLACE FUNCTION platform.set_updated_at() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF current_setting('app.resealing', true) = 'on' AND current_setting('role') = 'ogelbase_service' THEN
        RETURN NEW;
    END IF;
    NEW.updated_at := now();
    RETURN NEW;
END
$$;

-- PostgreSQL's infinity is a time that no client of this server can read; for ever is a day that everybody can.
CREATE FUNCTION platform_private.bound_ban() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    NEW.banned_until := '9999-12-31 00:00:00+00';
    RETURN NEW;
END
$$;
COMMENT ON FUNCTION platform_private.bound_ban() IS 'Writes a ban for ever as one until the year 9999';

UPDATE platform.users SET banned_until = '9999-12-31 00:00:00+00' WHERE banned_until = 'infinity';

CREATE TRIGGER bound_ban BEFORE INSERT OR UPDATE OF banned_until ON platform.users
    FOR EACH ROW WHEN (NEW.banned_until = 'infinity')
    EXECUTE FUNCTION platform_private.bound_ban();

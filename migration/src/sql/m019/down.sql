DROP FUNCTION platform_private.create_external_user(uuid, text, text, text, bool, inet, text, text);
DROP FUNCTION platform_private.open_external_request(bytea, bytea, text);
DROP TRIGGER bound_ban ON platform.users;
DROP FUNCTION platform_private.bound_ban();

CREATE OR REPLACE FUNCTION platform.set_updated_at() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    NEW.updated_at := now();
    RETURN NEW;
END
$$;

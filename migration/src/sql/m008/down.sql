DROP FUNCTION platform.set_user_active_org(uuid, uuid), platform.get_user_active_org(uuid);
-- Takes its index and its key along.
ALTER TABLE platform.users DROP COLUMN active_org_id;

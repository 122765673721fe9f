DROP FUNCTION platform_private.service_org_ids();
DROP FUNCTION platform_private.key_project_ids_with(text);
DROP FUNCTION platform_private.key_org_ids_with(text);
DROP FUNCTION platform_private.key_org_ids(text);
DROP FUNCTION platform_private.key_maker_role();
DROP FUNCTION platform_private.key_confinement();
DROP FUNCTION platform_private.key_has_scope(text);

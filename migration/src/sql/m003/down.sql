ALTER TABLE platform.subscriptions DROP CONSTRAINT subscriptions_plan_id_fkey;

DROP VIEW platform.subscription_addons;
DROP FUNCTION platform.addon_terms(text, text);
DROP FUNCTION platform.is_organization_owner(uuid, uuid), platform.has_project_access(uuid, uuid);
DROP FUNCTION platform.get_active_feature_flags(uuid), platform.feature_flag_bucket(text, uuid);

DROP TABLE platform.organization_feature_flags;
DROP TABLE platform.feature_flags;
DROP TABLE platform.api_keys;
DROP TABLE platform.project_metrics;
DROP TABLE platform.project_addons;
DROP TABLE platform.billing_plans;
DROP TABLE platform.organization_invitations;
DROP TABLE platform.project_members;
DROP TABLE platform.organization_members;
DROP TABLE platform.user_sessions;
DROP TABLE platform.users;

DROP FUNCTION platform.keep_an_owner(), platform.keep_an_owner_of_each(), platform_private.require_an_owner(uuid);
DROP FUNCTION
    platform_private.drop_partitions(text, timestamptz), platform_private.ensure_partitions(int, int),
    platform_private.make_partition(text, text, timestamptz), platform_private.close_partition(text);

"""What keeps deployments running without anybody: schedules, triggers, backfills, alerts, and the daemon that acts."""

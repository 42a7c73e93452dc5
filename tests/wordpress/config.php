<?php
// The settings of the site that the tests bring up; WP_RUN is the folder of this run.
define('DB_NAME', 'wordpress');
define('DB_USER', 'root');
define('DB_PASSWORD', '');
define('DB_HOST', 'localhost:' . getenv('WP_RUN') . '/mariadb.sock');
define('DB_CHARSET', 'utf8mb4');
define('DB_COLLATE', '');
$table_prefix = 'wp_';

// The port is known only when the server listens, so the site is where it is asked for.
define('WP_HOME', 'http://' . ($_SERVER['HTTP_HOST'] ?? 'localhost'));
define('WP_SITEURL', WP_HOME);

define('WP_ENVIRONMENT_TYPE', 'local');    // application passwords without https
define('WP_HTTP_BLOCK_EXTERNAL', true);    // never out of this machine
define('AUTOMATIC_UPDATER_DISABLED', true);
define('DISALLOW_FILE_MODS', true);
define('DISABLE_WP_CRON', true);           // scheduled posts go out when a test says so
foreach (['AUTH', 'SECURE_AUTH', 'LOGGED_IN', 'NONCE'] as $purpose) {
    define($purpose . '_KEY', "$purpose key of a site for tests");
    define($purpose . '_SALT', "$purpose salt of a site for tests");
}

require_once ABSPATH . 'wp-settings.php';

<?php
// Makes a WordPress of an empty database: in Russian, on Almaty's time, with addresses made of titles and nothing in it.
define('WP_INSTALLING', true);
require getenv('WP_SITE') . '/wp-load.php';
require ABSPATH . 'wp-admin/includes/upgrade.php';

wp_install('Қала хабары', 'editor', 'editor@example.invalid', true, '', wp_generate_password(), 'ru_RU');
update_option('timezone_string', 'Asia/Almaty');
update_option('permalink_structure', '/%postname%/');

"""The methods of the Bot API that the stand-in knows, by name; getUpdates, which waits, is `sandbox.updates`'."""

from collections.abc import Callable

from sandbox.arguments import Arguments
from sandbox.methods import chats, editing, presses, profile, sending, topics, webhook
from sandbox.world import World

Method = Callable[[World, Arguments], object]

METHODS: dict[str, Method] = {
    "answerCallbackQuery": presses.answer_callback_query,
    "closeForumTopic": topics.close_forum_topic,
    "copyMessage": sending.copy_message,
    "createForumTopic": topics.create_forum_topic,
    "deleteForumTopic": topics.delete_forum_topic,
    "deleteMessage": editing.delete_message,
    "deleteMessages": editing.delete_messages,
    "deleteMyCommands": profile.delete_my_commands,
    "deleteWebhook": webhook.delete_webhook,
    "editForumTopic": topics.edit_forum_topic,
    "editMessageCaption": editing.edit_message_caption,
    "editMessageReplyMarkup": editing.edit_message_reply_markup,
    "editMessageText": editing.edit_message_text,
    "forwardMessage": sending.forward_message,
    "getChat": chats.get_chat,
    "getChatAdministrators": chats.get_chat_administrators,
    "getChatMember": chats.get_chat_member,
    "getChatMemberCount": chats.get_chat_member_count,
    "getChatMenuButton": profile.get_chat_menu_button,
    "getMe": profile.get_me,
    "getMyCommands": profile.get_my_commands,
    "getMyDescription": profile.get_my_description,
    "getMyName": profile.get_my_name,
    "getMyShortDescription": profile.get_my_short_description,
    "getWebhookInfo": webhook.get_webhook_info,
    "leaveChat": chats.leave_chat,
    "pinChatMessage": editing.pin_chat_message,
    "reopenForumTopic": topics.reopen_forum_topic,
    "sendChatAction": sending.send_chat_action,
    "sendContact": sending.send_contact,
    "sendMessage": sending.send_message,
    "sendPhoto": sending.send_photo,
    "setChatMenuButton": profile.set_chat_menu_button,
    "setMessageReaction": editing.set_message_reaction,
    "setMyCommands": profile.set_my_commands,
    "setMyDescription": profile.set_my_description,
    "setMyName": profile.set_my_name,
    "setMyShortDescription": profile.set_my_short_description,
    "setWebhook": webhook.set_webhook,
    "unpinChatMessage": editing.unpin_chat_message,
}

// Emoji by their short names: what bots commonly say. An unknown name stays as it was written.

const TABLE = `
smile 😄 smiley 😃 grinning 😀 grin 😁 laughing 😆 joy 😂 wink 😉 blush 😊 slightly_smiling_face 🙂 thinking_face 🤔
neutral_face 😐 worried 😟 cry 😢 sob 😭 scream 😱 sweat 😓 sweat_smile 😅 sunglasses 😎 heart_eyes 😍 confused 😕
hugging_face 🤗 sleeping 😴 robot_face 🤖 ghost 👻 skull 💀 see_no_evil 🙈 wave 👋 raised_hands 🙌 clap 👏 pray 🙏
+1 👍 thumbsup 👍 -1 👎 thumbsdown 👎 ok_hand 👌 muscle 💪 point_right 👉 point_left 👈 point_up ☝️ point_down 👇
eyes 👀 heart ❤️ broken_heart 💔 sparkles ✨ star ⭐ star2 🌟 fire 🔥 boom 💥 zap ⚡ rocket 🚀 tada 🎉 confetti_ball 🎊
trophy 🏆 first_place_medal 🥇 second_place_medal 🥈 third_place_medal 🥉 medal 🏅 crown 👑 gift 🎁 birthday 🎂 balloon 🎈
white_check_mark ✅ heavy_check_mark ✔️ ballot_box_with_check ☑️ x ❌ negative_squared_cross_mark ❎ no_entry ⛔
no_entry_sign 🚫 warning ⚠️ rotating_light 🚨 exclamation ❗ grey_exclamation ❕ question ❓ grey_question ❔ bangbang ‼️
information_source ℹ️ bell 🔔 no_bell 🔕 mega 📣 loudspeaker 📢 speech_balloon 💬 thought_balloon 💭 lock 🔒 unlock 🔓
key 🔑 shield 🛡️ hourglass ⌛ hourglass_flowing_sand ⏳ watch ⌚ alarm_clock ⏰ stopwatch ⏱️ timer_clock ⏲️ clock1 🕐
clock3 🕒 clock9 🕘 clock12 🕛 calendar 📆 date 📅 spiral_calendar_pad 🗓️ chart_with_upwards_trend 📈
chart_with_downwards_trend 📉 bar_chart 📊 money_with_wings 💸 moneybag 💰 dollar 💵 euro 💶 credit_card 💳 receipt 🧾
coin 🪙 bank 🏦 scales ⚖️ memo 📝 pencil ✏️ pencil2 ✏️ clipboard 📋 page_facing_up 📄 file_folder 📁 open_file_folder 📂
books 📚 book 📖 bookmark 🔖 label 🏷️ link 🔗 paperclip 📎 pushpin 📌 round_pushpin 📍 mag 🔍 mag_right 🔎 bulb 💡
hammer_and_wrench 🛠️ wrench 🔧 hammer 🔨 gear ⚙️ nut_and_bolt 🔩 toolbox 🧰 package 📦 inbox_tray 📥 outbox_tray 📤
email 📧 envelope ✉️ incoming_envelope 📨 telephone_receiver 📞 computer 💻 desktop_computer 🖥️ floppy_disk 💾 cd 💿
satellite 📡 battery 🔋 electric_plug 🔌 bug 🐛 snake 🐍 turtle 🐢 rabbit 🐇 whale 🐳 octopus 🐙 bee 🐝 seedling 🌱
evergreen_tree 🌲 herb 🌿 four_leaf_clover 🍀 earth_africa 🌍 globe_with_meridians 🌐 sunny ☀️ sunrise 🌅 cloud ☁️ rainbow 🌈
snowflake ❄️ droplet 💧 ocean 🌊 crescent_moon 🌙 new_moon 🌑 full_moon 🌕 coffee ☕ tea 🍵 pizza 🍕 beer 🍺 cake 🍰
apple 🍎 house 🏠 office 🏢 factory 🏭 construction 🚧 checkered_flag 🏁 triangular_flag_on_post 🚩 white_flag 🏳️
red_circle 🔴 large_orange_circle 🟠 orange_circle 🟠 large_yellow_circle 🟡 yellow_circle 🟡 large_green_circle 🟢
green_circle 🟢 large_blue_circle 🔵 blue_circle 🔵 large_purple_circle 🟣 white_circle ⚪ black_circle ⚫ red_square 🟥
large_green_square 🟩 large_blue_square 🟦 small_blue_diamond 🔹 small_orange_diamond 🔸 large_blue_diamond 🔷
black_small_square ▪️ white_small_square ▫️ arrow_up ⬆️ arrow_down ⬇️ arrow_right ➡️ arrow_left ⬅️ arrow_upper_right ↗️
arrow_lower_right ↘️ arrow_heading_up ⤴️ arrow_heading_down ⤵️ leftwards_arrow_with_hook ↩️ arrow_right_hook ↪️
arrows_counterclockwise 🔄 repeat 🔁 twisted_rightwards_arrows 🔀 rewind ⏪ fast_forward ⏩ arrow_forward ▶️
double_vertical_bar ⏸️ black_square_for_stop ⏹️ black_circle_for_record ⏺️ heavy_plus_sign ➕ heavy_minus_sign ➖
heavy_multiplication_x ✖️ heavy_division_sign ➗ 100 💯 zzz 💤 infinity ♾️ recycle ♻️ new 🆕 free 🆓 up 🆙 ok 🆗 sos 🆘
one 1️⃣ two 2️⃣ three 3️⃣ four 4️⃣ five 5️⃣ bust_in_silhouette 👤 busts_in_silhouette 👥 handshake 🤝 brain 🧠 dart 🎯
game_die 🎲 crystal_ball 🔮 ticket 🎫 thermometer 🌡️ adhesive_bandage 🩹 compass 🧭 map 🗺️ ladder 🪜 broom 🧹
`;

const WORDS = TABLE.trim().split(/\s+/);
const NAMES = new Map(WORDS.flatMap((word, index) => (index % 2 ? [] : [[word, WORDS[index + 1]]])));

const HANDY = ["+1", "eyes", "white_check_mark", "tada", "heart", "pray", "rocket", "thinking_face", "joy", "-1", "x", "wave"];
const CHARACTERS = new Set();
// One name for each character, those that people use most first.
const PICKED = [...HANDY.map((name) => [name, NAMES.get(name)]), ...NAMES].filter(([, character]) =>
  !CHARACTERS.has(character) && CHARACTERS.add(character));

/** Names and characters whose name holds these letters; all of them for none. */
export function findEmoji(letters) {
  const wanted = letters.replaceAll(":", "").replaceAll(" ", "_");
  if (!wanted) return PICKED;
  const found = [...NAMES].filter(([name]) => name.includes(wanted));
  return found.sort(([a], [b]) => Number(b.startsWith(wanted)) - Number(a.startsWith(wanted)));
}

/** The character of a short name, or nothing. */
export function emojiOf(name) {
  return NAMES.get(name.replace(/::skin-tone-\d$/, ""));
}

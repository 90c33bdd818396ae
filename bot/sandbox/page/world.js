// The last snapshot, and questions about it that every module asks.

export const world = { snapshot: null, people: new Map(), channels: new Map(), peopleSig: "" };

export function takeSnapshot(snapshot) {
  world.snapshot = snapshot;
  world.people = new Map(snapshot.people.map((person) => [person.id, person]));
  world.channels = new Map(snapshot.channels.map((channel) => [channel.id, channel]));
  world.peopleSig = JSON.stringify([snapshot.viewer, snapshot.people, snapshot.channels.flatMap((one) => (one.name ? [one.id, one.name] : []))]);
}

export function me() {
  return world.people.get(world.snapshot?.viewer);
}

/** What time it is in this Slack, which may be another than the machine's. */
export function now() {
  return new Date(Date.now() + (world.snapshot?.ahead ?? 0) * 1000);
}

/** The viewer's time zone; a name that this browser lacks is taken as UTC. */
export function zone() {
  const name = me()?.tz ?? "UTC";
  try {
    new Intl.DateTimeFormat("en", { timeZone: name });
    return name;
  } catch {
    return "UTC";
  }
}

export function personName(id) {
  if (id === "USLACKBOT") return "Local workspace";
  const person = world.people.get(id);
  return person ? person.real_name || person.name : "somebody";
}

export function handleOf(id) {
  const person = world.people.get(id);
  if (!person) return "@somebody";
  return `@${person.is_bot ? person.name : person.real_name || person.name}`;
}

/** What a channel or direct message is called, for this viewer. */
export function placeName(channel) {
  if (!channel) return "";
  if (channel.kind === "im" || channel.kind === "mpim") {
    return channel.others.map(personName).join(", ") || "Yourself";
  }
  return channel.name;
}

export function commandNamed(name) {
  return world.snapshot.commands.find((entry) => entry.command === name);
}

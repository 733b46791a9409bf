/** Go's `time.Time` for templates, in UTC. https://pkg.go.dev/time#Time */

/** A month or a day of the week: a name in text, a number for `%d` and comparisons. */
export interface NamedNumber {
  readonly name: string;
  readonly number: number;
}

/** The value of `time.Now`. */
export class GoTime {
  readonly #date: Date;

  constructor(ms: number) {
    this.#date = new Date(ms);
  }

  /** A method without arguments; `undefined` if there is none of that name. */
  get(name: string): number | NamedNumber | GoTime | string | undefined {
    const date = this.#date;
    switch (name) {
      case "Year":
        return date.getUTCFullYear();
      case "Month":
        return nameOf("month", date, date.getUTCMonth() + 1);
      case "Day":
        return date.getUTCDate();
      case "Weekday":
        return nameOf("weekday", date, date.getUTCDay());
      case "YearDay":
        return Math.floor((date.getTime() - Date.UTC(date.getUTCFullYear(), 0, 1)) / DAY_MS) + 1;
      case "Hour":
        return date.getUTCHours();
      case "Minute":
        return date.getUTCMinutes();
      case "Second":
        return date.getUTCSeconds();
      case "Unix":
        return Math.floor(date.getTime() / 1000);
      case "UnixMilli":
        return date.getTime();
      case "UTC":
      case "Local":
        return this;
      case "String":
        return this.format("2006-01-02 15:04:05.000 +0000 UTC");
      default:
        return undefined;
    }
  }

  /** https://pkg.go.dev/time#Layout, whose parts are those of January 2, 2006, 15:04:05. */
  format(layout: string): string {
    return layout.replace(LAYOUT, (part) => this.#part(part));
  }

  #part(part: string): string {
    const date = this.#date;
    const two = (value: number): string => String(value).padStart(2, "0");
    const hour = date.getUTCHours();
    switch (part) {
      case "2006":
        return String(date.getUTCFullYear()).padStart(4, "0");
      case "06":
        return two(date.getUTCFullYear() % 100);
      case "January":
        return nameOf("month", date, 0).name;
      case "Jan":
        return nameOf("month", date, 0).name.slice(0, 3);
      case "01":
        return two(date.getUTCMonth() + 1);
      case "1":
        return String(date.getUTCMonth() + 1);
      case "Monday":
        return nameOf("weekday", date, 0).name;
      case "Mon":
        return nameOf("weekday", date, 0).name.slice(0, 3);
      case "02":
        return two(date.getUTCDate());
      case "_2":
        return String(date.getUTCDate()).padStart(2, " ");
      case "2":
        return String(date.getUTCDate());
      case "15":
        return two(hour);
      case "03":
        return two(hour % 12 || 12);
      case "3":
        return String(hour % 12 || 12);
      case "04":
        return two(date.getUTCMinutes());
      case "4":
        return String(date.getUTCMinutes());
      case "05":
        return two(date.getUTCSeconds());
      case "5":
        return String(date.getUTCSeconds());
      case ".000":
        return `.${String(date.getUTCMilliseconds()).padStart(3, "0")}`;
      case "PM":
        return hour < 12 ? "AM" : "PM";
      case "pm":
        return hour < 12 ? "am" : "pm";
      case "MST":
        return "UTC";
      case "Z07:00":
      case "Z0700":
        return "Z";
      case "-07:00":
        return "+00:00";
      default:
        return "+0000";
    }
  }
}

const DAY_MS = 24 * 60 * 60 * 1000;

/** Longer parts come first because they begin like shorter ones. */
const LAYOUT =
  /2006|January|Jan|Monday|Mon|MST|Z07:00|Z0700|-07:00|-0700|\.000|01|02|03|04|05|06|15|_2|1|2|3|4|5|PM|pm/g;

function nameOf(kind: "month" | "weekday", date: Date, number: number): NamedNumber {
  const format = new Intl.DateTimeFormat("en", { [kind]: "long", timeZone: "UTC" });
  return { name: format.format(date), number };
}

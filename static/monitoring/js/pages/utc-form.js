// A form with times in UTC: the viewer's time stands below each.
import { wireUtcFields } from "../batches/utc-fields.js";

wireUtcFields();

package vn.lienthong.peers.streams;

import com.google.gson.JsonElement;
import com.google.gson.JsonParser;
import java.nio.file.Files;
import java.nio.file.Path;

/** Whether two files hold the same answer, whatever their spaces and the order of names. */
public final class Compare {
  private Compare() {}

  /** Arguments: two files. Exit codes: 0 the same; 1 different, with the first difference; 2 usage. */
  public static void main(String[] args) throws Exception {
    if (args.length != 2) {
      System.err.println("usage: FILE FILE");
      System.exit(2);
    }
    String difference = difference("answer", read(args[0]), read(args[1]));
    if (difference != null) {
      System.err.println(difference);
      System.exit(1);
    }
  }

  private static JsonElement read(String file) throws Exception {
    return JsonParser.parseString(Files.readString(Path.of(file)));
  }

  /** The first place where they differ and both values; null if they are the same. */
  static String difference(String at, JsonElement one, JsonElement other) {
    if (one == null || other == null || one.getClass() != other.getClass()) {
      return at + ": " + one + " and " + other;
    }
    if (one.isJsonObject()) {
      var names = new java.util.TreeSet<>(one.getAsJsonObject().keySet());
      names.addAll(other.getAsJsonObject().keySet());
      for (String name : names) {
        String inner = difference(at + "." + name, one.getAsJsonObject().get(name), other.getAsJsonObject().get(name));
        if (inner != null) {
          return inner;
        }
      }
      return null;
    }
    if (one.isJsonArray()) {
      int rows = Math.min(one.getAsJsonArray().size(), other.getAsJsonArray().size());
      for (int row = 0; row < rows; row++) {
        String inner = difference(at + "[" + row + "]", one.getAsJsonArray().get(row), other.getAsJsonArray().get(row));
        if (inner != null) {
          return inner;
        }
      }
      boolean same = one.getAsJsonArray().size() == other.getAsJsonArray().size();
      return same ? null : at + ": " + one.getAsJsonArray().size() + " and " + other.getAsJsonArray().size() + " rows";
    }
    return one.equals(other) ? null : at + ": " + one + " and " + other;
  }
}

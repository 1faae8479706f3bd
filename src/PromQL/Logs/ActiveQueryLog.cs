using System.Buffers;
using System.Collections.Concurrent;
using System.Globalization;
using System.IO.MemoryMappedFiles;
using System.Text;
using System.Text.Json;
using System.Text.Unicode;
using Microsoft.Win32.SafeHandles;
using Narthex.Model;

namespace Narthex.PromQL;

/// <summary>The file <c>queries.active</c>: which queries run right now. After a crash it tells which ones ran then, one of which may have been the reason.</summary>
/// <remarks>
/// The format is upstream's: a bracket, then one place of 1,000 bytes for each query that may run at the same time. A place that is taken holds
/// a JSON object, zeros, and a comma in its last byte; a free one holds zeros. The file is mapped, so noting a query is a copy in memory, and the
/// entries are there after <c>kill -9</c>: the pages belong to the system.
/// </remarks>
public sealed class ActiveQueryLog : IDisposable
{
    /// <summary>The name of the file in the data directory.</summary>
    public const string FileName = "queries.active";

    private const int EntryBytes = 1000;

    private static readonly byte[] s_free = new byte[EntryBytes];

    // What JSON takes as it is, among the characters that queries mostly consist of.
    private static readonly SearchValues<char> s_plain = SearchValues.Create(
        [.. Enumerable.Range(' ', '~' - ' ' + 1).Select(code => (char)code).Where(character => character is not ('"' or '\\'))]);

    private readonly MemoryMappedFile _file;
    private readonly MemoryMappedViewAccessor _view;
    private readonly ConcurrentStack<int> _freePlaces = [];
    private readonly TimeProvider _time;

    private ActiveQueryLog(MemoryMappedFile file, MemoryMappedViewAccessor view, int places, string unfinished, TimeProvider time)
    {
        _file = file;
        _view = view;
        _time = time;
        Unfinished = unfinished;
        for (int place = places - 1; place >= 0; place--)
        {
            _freePlaces.Push(place);
        }
    }

    /// <summary>The queries that the last run did not finish, as a JSON list; empty if there were none.</summary>
    public string Unfinished { get; }

    /// <summary>Reads what the last run left, and starts an empty file.</summary>
    /// <exception cref="IOException">The file cannot be written.</exception>
    /// <exception cref="UnauthorizedAccessException">The file cannot be written.</exception>
    public static ActiveQueryLog Open(string directory, int maxConcurrency, TimeProvider time)
    {
        Directory.CreateDirectory(directory);
        string path = Path.Combine(directory, FileName);
        long length = 1 + ((long)maxConcurrency * EntryBytes);
        string unfinished = ReadUnfinished(path, length);
        using SafeFileHandle file = File.OpenHandle(path, FileMode.Create, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete);

        // Written rather than only sized, so that a full disk shows now and not in the middle of a query.
        RandomAccess.Write(file, "["u8, 0);
        for (long offset = 1; offset < length; offset += EntryBytes)
        {
            RandomAccess.Write(file, s_free, offset);
        }

        RandomAccess.FlushToDisk(file);
        MemoryMappedFile mapped = MemoryMappedFile.CreateFromFile(file, null, length, MemoryMappedFileAccess.ReadWrite, HandleInheritability.None, leaveOpen: true);
        try
        {
            return new ActiveQueryLog(mapped, mapped.CreateViewAccessor(0, length), maxConcurrency, unfinished, time);
        }
        catch
        {
            mapped.Dispose();
            throw;
        }
    }

    /// <summary>Notes a query. Returns its place, which <see cref="Remove"/> frees; -1 if there was none.</summary>
    public int Add(string query)
    {
        if (!_freePlaces.TryPop(out int place))
        {
            return -1;
        }

        Span<byte> entry = stackalloc byte[EntryBytes];
        entry.Clear();
        WriteEntry(query, _time.GetUtcNow().ToUnixTimeSeconds(), entry[..(EntryBytes - 1)]);
        entry[EntryBytes - 1] = (byte)',';
        Write(entry, place);
        return place;
    }

    /// <summary>The query at a place has ended.</summary>
    public void Remove(int place)
    {
        if (place >= 0)
        {
            Write(s_free, place);
            _freePlaces.Push(place);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        try
        {
            _view.Dispose();
        }
        catch (IOException)
        {
            // It is unmapped, but the disk has become read-only or is broken: what it says of this run does not matter any more.
        }

        _file.Dispose();
    }

    // A query that outlives the log has nowhere to be noted, which must not make it fail.
    private void Write(ReadOnlySpan<byte> entry, int place)
    {
        try
        {
            _view.SafeMemoryMappedViewHandle.WriteSpan(1 + ((ulong)place * EntryBytes), entry);
        }
        catch (ObjectDisposedException)
        {
            // The server is going down.
        }
    }

    private static void WriteEntry(string query, long seconds, Span<byte> room)
    {
        Span<byte> tail = stackalloc byte[48];
        Utf8.TryWrite(tail, CultureInfo.InvariantCulture, $"\",\"timestamp_sec\":{seconds}}}", out int tailLength);
        tail = tail[..tailLength];
        ReadOnlySpan<byte> head = "{\"query\":\""u8;
        head.CopyTo(room);
        int position = head.Length;
        int end = room.Length - tail.Length;
        Span<byte> encoded = stackalloc byte[16];
        ReadOnlySpan<char> rest = query;
        while (!rest.IsEmpty)
        {
            int plain = rest.IndexOfAnyExcept(s_plain);
            int copied = Encoding.UTF8.GetBytes(rest[..Math.Min(plain < 0 ? rest.Length : plain, end - position)], room[position..]);
            position += copied;
            rest = rest[copied..];
            if (rest.IsEmpty || copied < plain || plain < 0)
            {
                break;
            }

            // Whole characters only, escapes counted: what is cut off must still be JSON.
            Rune.DecodeFromUtf16(rest, out Rune rune, out int consumed);
            int length = Encode(rune, encoded);
            if (position + length > end)
            {
                break;
            }

            encoded[..length].CopyTo(room[position..]);
            position += length;
            rest = rest[consumed..];
        }

        tail.CopyTo(room[position..]);
    }

    private static int Encode(Rune rune, Span<byte> encoded)
    {
        Span<char> text = stackalloc char[2];
        int chars = rune.EncodeToUtf16(text);
        return JsonEncodedText.Encode(text[..chars], System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping).EncodedUtf8Bytes is var bytes
            && bytes.TryCopyTo(encoded) ? bytes.Length : 0;
    }

    private static string ReadUnfinished(string path, long length)
    {
        byte[] bytes;
        try
        {
            using SafeFileHandle file = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            bytes = new byte[Math.Min(length, RandomAccess.GetLength(file))];
            int read = RandomAccess.Read(file, bytes, 0);
            bytes = bytes[..read];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return "";
        }

        // A bracket and, for each query that ran, an object and a comma.
        byte[] written = Array.FindAll(bytes, b => b != 0);
        if (written.Length <= 1)
        {
            return "";
        }

        written[^1] = (byte)']';
        return Encoding.UTF8.GetString(written);
    }
}

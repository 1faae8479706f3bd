using System.Buffers;
using System.Collections.Concurrent;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Microsoft.Win32.SafeHandles;
using Narthex.Model;

namespace Narthex.PromQL;

/// <summary>The file <c>queries.active</c>: which queries run right now. After a crash it tells which ones ran then, one of which may have been the reason.</summary>
/// <remarks>
/// The format is upstream's: a bracket, then one place of 1,000 bytes for each query that may run at the same time. A place that is taken holds
/// a JSON object, zeros, and a comma in its last byte; a free one holds zeros. Entries go to the file at once, so they are there after <c>kill -9</c>.
/// </remarks>
public sealed class ActiveQueryLog : IDisposable
{
    /// <summary>The name of the file in the data directory.</summary>
    public const string FileName = "queries.active";

    private const int EntryBytes = 1000;

    private static readonly byte[] s_free = new byte[EntryBytes];

    private readonly SafeFileHandle _file;
    private readonly ConcurrentStack<int> _freePlaces = [];
    private readonly TimeProvider _time;

    private ActiveQueryLog(SafeFileHandle file, int places, string unfinished, TimeProvider time)
    {
        _file = file;
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
        SafeFileHandle file = File.OpenHandle(path, FileMode.Create, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete);
        try
        {
            // Written rather than only sized, so that a full disk shows now and not in the middle of a query.
            RandomAccess.Write(file, "["u8, 0);
            for (long offset = 1; offset < length; offset += EntryBytes)
            {
                RandomAccess.Write(file, s_free, offset);
            }

            RandomAccess.FlushToDisk(file);
            return new ActiveQueryLog(file, maxConcurrency, unfinished, time);
        }
        catch
        {
            file.Dispose();
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

        byte[] entry = ArrayPool<byte>.Shared.Rent(EntryBytes);
        try
        {
            entry.AsSpan(0, EntryBytes).Clear();
            WriteEntry(query, _time.GetUtcNow().ToUnixTimeSeconds(), entry.AsSpan(0, EntryBytes - 1));
            entry[EntryBytes - 1] = (byte)',';
            Write(entry.AsSpan(0, EntryBytes), place);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(entry);
        }

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
    public void Dispose() => _file.Dispose();

    // A query must not fail because its note cannot be written, for instance because the disk has gone.
    private void Write(ReadOnlySpan<byte> entry, int place)
    {
        try
        {
            RandomAccess.Write(_file, entry, 1 + ((long)place * EntryBytes));
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException or UnauthorizedAccessException)
        {
            // The place keeps what it held. It is overwritten by its next query.
        }
    }

    private static void WriteEntry(string query, long seconds, Span<byte> room)
    {
        byte[] tail = Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"\",\"timestamp_sec\":{seconds}}}"));
        ReadOnlySpan<byte> head = "{\"query\":\""u8;
        head.CopyTo(room);
        int position = head.Length;
        int end = room.Length - tail.Length;
        Span<byte> encoded = stackalloc byte[16];
        foreach (Rune rune in query.EnumerateRunes())
        {
            // Whole characters only, escapes counted: what is cut off must still be JSON.
            int length = Encode(rune, encoded);
            if (position + length > end)
            {
                break;
            }

            encoded[..length].CopyTo(room[position..]);
            position += length;
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

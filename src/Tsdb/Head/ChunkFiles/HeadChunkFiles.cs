using System.Globalization;
using Narthex.Storage;
using Narthex.Tsdb.Binary;
using Narthex.Tsdb.Chunks;
using Narthex.Tsdb.Wal.Files;

namespace Narthex.Tsdb.Head.ChunkFiles;

/// <summary>The directory <c>chunks_head</c>: full chunks of the head, in upstream's format.</summary>
/// <remarks>
/// <para>
/// All that is here is in the log as well, so nothing is lost with a file: it makes the head smaller and the start faster. Writing and deleting are for one
/// thread at a time; reading is for any.
/// </para>
/// <para>
/// A new file is made at its full length, which costs no space on disk, so that it is mapped once and chunks become readable in the mapping as
/// they are written. What is not filled is cut off when the file is finished; after a crash, zeros mark the end.
/// </para>
/// </remarks>
internal sealed class HeadChunkFiles : IDisposable
{
    // Of a file that is read from one end to the other, so much is in memory.
    private const int ReleasedAtOnce = 1 << 20;

    private readonly string _directory;
    private readonly IWalFileSystem _system;
    private readonly SortedList<int, HeadChunkFile> _files = [];
    private readonly ByteWriter _batch = new(64 * 1024);
    private volatile Table _table = new(0, []);
    private HeadChunkFile? _current;
    private IWalFile? _writing;
    private bool _cutBeforeNext;
    private long _batchChunks;

    /// <summary>Makes it over a directory, which is made when the first chunk is written.</summary>
    public HeadChunkFiles(string directory, IWalFileSystem? system = null)
    {
        _directory = directory;
        _system = system ?? WalFileSystem.Instance;
    }

    /// <summary>Damaged places found so far.</summary>
    public long Corruptions { get; private set; }

    /// <summary>Chunks written so far.</summary>
    public long ChunksWritten { get; private set; }

    /// <summary>The bytes of a batch that is to be written.</summary>
    public int BatchBytes => _batch.Length;

    /// <summary>The bytes of all files, as far as there are chunks in them.</summary>
    public long Bytes
    {
        get
        {
            long bytes = 0;
            foreach (HeadChunkFile file in _table.Files)
            {
                bytes += Volatile.Read(ref file.Length);
            }

            return bytes;
        }
    }

    /// <summary>Finds and checks the files, and hands out what is in them, in the order in which it was written. Once, before anything else.</summary>
    /// <remarks>At the first damage, or where <paramref name="found"/> objects, the rest is thrown away: what is behind it would hide the gap from the replay of the log.</remarks>
    /// <param name="found">Gets each chunk; says what is wrong with it, if something is.</param>
    /// <exception cref="StorageException">The files cannot be read.</exception>
    public string? Load(Func<HeadChunk, string?> found)
    {
        try
        {
            List<HeadChunkFile> files = Find();
            for (int i = 0; i < files.Count; i++)
            {
                string? damage = i > 0 && files[i].Number != files[i - 1].Number + 1
                    ? "the file before it is missing"
                    : Load(files[i], isLast: i == files.Count - 1, found);
                if (damage is not null)
                {
                    Corruptions++;
                    string where = $"{files[i].Path} at {files[i].Length}: {damage}";
                    ThrowAway(files, i);
                    return where;
                }
            }

            return null;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new StorageException($"read head chunks in {_directory}: {error.Message}", error);
        }
    }

    /// <summary>The place behind the last chunk; file 0 while there is none.</summary>
    public HeadChunkRef End => _files.Count == 0 ? default : new HeadChunkRef(_files.Keys[^1], _files.Values[^1].Length);

    /// <summary>Whether the chunks before a place are there: nothing of its file was thrown away, nor all of it deleted.</summary>
    public bool Reaches(HeadChunkRef end) => end.File == 0 || (_files.TryGetValue(end.File, out HeadChunkFile? file) && file.Length >= end.Offset);

    /// <summary>Makes the chunks of a file survive a power cut. For any thread, as long as no file is deleted.</summary>
    /// <exception cref="StorageException">They may not.</exception>
    public void Sync(HeadChunkRef end) => Guarded(() =>
    {
        if (end.File != 0)
        {
            using IWalFile file = _system.OpenWrite(Path.Combine(_directory, NameOf(end.File)));
            file.Sync();
        }
    });

    /// <summary>A chunk is in use: its file stays.</summary>
    public void Use(HeadChunkRef chunk) => FileOf(chunk).Use();

    /// <summary>A chunk is not in use any more, and nobody reads it.</summary>
    public void Release(HeadChunkRef chunk) => FileOf(chunk).Release();

    /// <summary>The samples of a chunk in use.</summary>
    public ReadOnlySpan<byte> GetBytes(HeadChunkRef chunk, int length) =>
        FileOf(chunk).GetBytes(chunk.Offset + (long)HeadChunkFormat.SamplesOffset(length), length);

    /// <summary>Puts a chunk into the batch and returns where it will be. It is nowhere yet: see <see cref="WriteBatch"/>.</summary>
    /// <exception cref="StorageException">A new file cannot be made. The batch is as it was.</exception>
    public HeadChunkRef AddToBatch(ulong series, long minMs, long maxMs, ChunkEncoding encoding, bool isOutOfOrder, ReadOnlySpan<byte> samples)
    {
        if (_current is null || _cutBeforeNext || _current.Length + _batch.Length + HeadChunkFormat.ChunkBytes(samples.Length) > HeadChunkFormat.FileBytesMax)
        {
            if (_batch.Length > 0)
            {
                throw new InvalidOperationException("The batch must be written before the file is full.");
            }

            Guarded(StartFile);
        }

        var place = new HeadChunkRef(_current!.Number, _current.Length + _batch.Length);
        HeadChunkFormat.WriteChunk(_batch, series, minMs, maxMs, encoding, isOutOfOrder, samples);
        _batchChunks++;
        return place;
    }

    /// <summary>Whether a chunk fits into the present file behind the batch.</summary>
    public bool FitsBatch(int length) =>
        _batch.Length == 0
        || (!_cutBeforeNext && _current!.Length + _batch.Length + HeadChunkFormat.ChunkBytes(length) <= HeadChunkFormat.FileBytesMax);

    /// <summary>Writes the batch: then its chunks can be read. The batch is empty afterwards in any case.</summary>
    /// <exception cref="StorageException">It is not written, and its references mean nothing.</exception>
    public void WriteBatch()
    {
        if (_batch.Length == 0)
        {
            return;
        }

        try
        {
            Guarded(() => _writing!.Write(_batch.WrittenSpan, _current!.Length));
            Volatile.Write(ref _current!.Length, _current.Length + _batch.Length);
            ChunksWritten += _batchChunks;
        }
        catch (StorageException)
        {
            EraseTail();
            throw;
        }
        finally
        {
            _batch.Clear(keptBytesMax: 4 << 20);
            _batchChunks = 0;
        }
    }

    /// <summary>The next chunk goes into a new file, so that the present ones can go when what is in them is not needed any more.</summary>
    public void Cut() => _cutBeforeNext = _current is not null;

    /// <summary>Deletes the oldest files as far as nothing in them is in use.</summary>
    /// <exception cref="StorageException">A file cannot be deleted. It will be tried again.</exception>
    public void DeleteUnused()
    {
        // From the oldest on, as upstream insists on numbers without gaps.
        while (_files.Count > 0 && _files.Values[0] is var file && file != _current && !file.IsUsed)
        {
            file.Dispose();
            Guarded(() => _system.DeleteFile(file.Path));
            _files.RemoveAt(0);
            Publish();
        }
    }

    /// <summary>Lets the system take pages that were read out of the process.</summary>
    public void ReleasePages()
    {
        foreach (HeadChunkFile file in _table.Files)
        {
            file.ReleasePages();
        }
    }

    /// <inheritdoc/>
    public void Dispose() => Close(unmap: true);

    /// <summary>Finishes the present file, and removes the mappings if nobody can be reading them.</summary>
    public void Close(bool unmap)
    {
        try
        {
            FinishFile();
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // The log has everything that is in the file.
        }

        if (unmap)
        {
            foreach (HeadChunkFile file in _files.Values)
            {
                file.Dispose();
            }
        }
    }

    private static string NameOf(int number) => number.ToString("D6", CultureInfo.InvariantCulture);

    private static void Guarded(Action action)
    {
        try
        {
            action();
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new StorageException($"write head chunks: {error.Message}", error);
        }
    }

    private List<HeadChunkFile> Find()
    {
        var files = new List<HeadChunkFile>();
        foreach (string name in _system.ListNames(_directory))
        {
            if (int.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out int number) && number > 0)
            {
                files.Add(new HeadChunkFile(number, Path.Combine(_directory, name)));
            }
        }

        files.Sort((left, right) => left.Number.CompareTo(right.Number));
        return files;
    }

    private string? Load(HeadChunkFile file, bool isLast, Func<HeadChunk, string?> found)
    {
        long length = _system.GetLength(file.Path);
        if (length > uint.MaxValue >> 1)
        {
            return "the file is too long";
        }

        ReadOnlySpan<byte> bytes = file.GetBytes(0, (int)length);
        if (!HeadChunkFormat.IsFileHeader(bytes))
        {
            // Made, but not written any more before the end of the process.
            if (isLast && !bytes[..Math.Min(bytes.Length, 4)].ContainsAnyExcept((byte)0))
            {
                file.Dispose();
                _system.DeleteFile(file.Path);
                return null;
            }

            return "no header";
        }

        _files.Add(file.Number, file);
        Publish();
        file.Length = HeadChunkFormat.FileHeaderBytes;
        long released = 0;
        while (true)
        {
            var place = new HeadChunkRef(file.Number, file.Length);
            string? damage = HeadChunkFormat.ReadChunk(bytes, place, out HeadChunk? chunk);
            if (damage is null && chunk is { } one)
            {
                damage = found(one);
            }

            if (damage is not null || chunk is null)
            {
                file.ReleasePages();
                if (damage is null && length > file.Length)
                {
                    CutOff(file);
                }

                return damage;
            }

            file.Length += HeadChunkFormat.ChunkBytes(chunk.Value.Length);
            if (file.Length - released >= ReleasedAtOnce)
            {
                released = file.Length;
                file.ReleaseAllPages();
            }
        }
    }

    /// <summary>Cuts off what a crash has left unfilled. The mapping is never read behind the chunks.</summary>
    private void CutOff(HeadChunkFile file)
    {
        try
        {
            using IWalFile open = _system.OpenWrite(file.Path);
            open.SetLength(file.Length);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // Zeros do no harm.
        }
    }

    private void ThrowAway(List<HeadChunkFile> files, int damaged)
    {
        for (int i = files.Count - 1; i >= damaged; i--)
        {
            HeadChunkFile file = files[i];
            if (i == damaged && file.Length > HeadChunkFormat.FileHeaderBytes)
            {
                using IWalFile open = _system.OpenWrite(file.Path);
                open.SetLength(file.Length);
                return;
            }

            file.Dispose();
            _files.Remove(file.Number);
            _system.DeleteFile(file.Path);
        }

        Publish();
    }

    private void StartFile()
    {
        FinishFile();
        _system.CreateDirectory(_directory);
        int number = _files.Count == 0 ? 1 : _files.Keys[^1] + 1;
        string path = Path.Combine(_directory, NameOf(number));
        IWalFile writing = _system.OpenWrite(path);
        try
        {
            writing.SetLength(0);
            writing.SetLength(HeadChunkFormat.FileBytesMax);
            var header = new ByteWriter(HeadChunkFormat.FileHeaderBytes);
            HeadChunkFormat.WriteFileHeader(header);
            writing.Write(header.WrittenSpan, 0);
            _system.SyncDirectory(_directory);
        }
        catch
        {
            writing.Dispose();
            _system.DeleteFile(path);
            throw;
        }

        _writing = writing;
        _current = new HeadChunkFile(number, path) { Length = HeadChunkFormat.FileHeaderBytes };
        _cutBeforeNext = false;
        _files.Add(number, _current);
        Publish();
    }

    private void FinishFile()
    {
        if (_writing is null)
        {
            return;
        }

        using (IWalFile finished = _writing)
        {
            _writing = null;
            HeadChunkFile file = _current!;
            _current = null;
            finished.SetLength(file.Length);
            finished.Sync();
        }
    }

    /// <summary>What a failed write left behind would look like damage after a crash.</summary>
    private void EraseTail()
    {
        try
        {
            _writing!.SetLength(_current!.Length);
            _writing.SetLength(HeadChunkFormat.FileBytesMax);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // It is damage then, and the log has what is lost with it.
        }
    }

    private HeadChunkFile FileOf(HeadChunkRef chunk)
    {
        Table table = _table;
        return table.Files[chunk.File - table.FirstNumber];
    }

    // The numbers are without gaps.
    private void Publish() => _table = _files.Count == 0 ? new Table(0, []) : new Table(_files.Keys[0], [.. _files.Values]);

    private sealed record Table(int FirstNumber, HeadChunkFile[] Files);
}

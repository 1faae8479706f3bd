using System.IO.MemoryMappedFiles;
using System.Runtime.InteropServices;

namespace Narthex.Tsdb.Blocks.Files;

/// <summary>A whole file as memory, read-only. Spans that it gave out die with it: its owner counts the readers.</summary>
internal sealed unsafe partial class MappedFile : IDisposable
{
    private const int DontNeed = 4;

    private readonly MemoryMappedFile? _file;
    private readonly MemoryMappedViewAccessor? _view;
    private GCHandle _pin;
    private byte* _start;

    private MappedFile(MemoryMappedFile file, MemoryMappedViewAccessor view, string path, long length)
    {
        _file = file;
        _view = view;
        Path = path;
        Length = length;
        byte* start = null;
        view.SafeMemoryMappedViewHandle.AcquirePointer(ref start);
        _start = start + view.PointerOffset;
    }

    private MappedFile(byte[] bytes, string path)
    {
        Path = path;
        Length = bytes.Length;
        _pin = GCHandle.Alloc(bytes, GCHandleType.Pinned);
        _start = (byte*)_pin.AddrOfPinnedObject();
    }

    /// <summary>The file's path.</summary>
    public string Path { get; }

    /// <summary>The file's length when it was mapped.</summary>
    public long Length { get; }

    /// <summary>Maps a file.</summary>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static MappedFile Open(string path)
    {
        using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);
        long length = stream.Length;
        if (length == 0)
        {
            return new MappedFile([], path); // An empty mapping is refused by the system.
        }

        MemoryMappedFile file = MemoryMappedFile.CreateFromFile(stream, null, 0, MemoryMappedFileAccess.Read, HandleInheritability.None, leaveOpen: true);
        try
        {
            return new MappedFile(file, file.CreateViewAccessor(0, length, MemoryMappedFileAccess.Read), path, length);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Stands in for a file: the bytes are the file.</summary>
    public static MappedFile FromBytes(byte[] bytes, string path) => new(bytes, path);

    /// <summary>The bytes from <paramref name="offset"/> on. False if they are not all there.</summary>
    public bool TrySlice(ulong offset, ulong length, out ReadOnlySpan<byte> bytes)
    {
        if (offset > (ulong)Length || length > (ulong)Length - offset || length > int.MaxValue)
        {
            bytes = default;
            return false;
        }

        ObjectDisposedException.ThrowIf(_start is null, this);
        bytes = new ReadOnlySpan<byte>(_start + offset, (int)length);
        return true;
    }

    /// <summary>At most <paramref name="lengthMax"/> bytes from <paramref name="offset"/> on; fewer at the file's end.</summary>
    public ReadOnlySpan<byte> SliceUpTo(ulong offset, int lengthMax)
    {
        ulong rest = offset > (ulong)Length ? 0 : (ulong)Length - offset;
        TrySlice(Math.Min(offset, (ulong)Length), Math.Min(rest, (ulong)lengthMax), out ReadOnlySpan<byte> bytes);
        return bytes;
    }

    /// <summary>Lets the system take the pages out of the process; reading gets them back, mostly from its cache. A hint: readers are not disturbed.</summary>
    public void ReleasePages()
    {
        if (OperatingSystem.IsLinux() && _view is not null)
        {
            _ = Advise(_start - _view.PointerOffset, (nuint)(Length + _view.PointerOffset), DontNeed);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_start is null)
        {
            return;
        }

        _start = null;
        _view?.SafeMemoryMappedViewHandle.ReleasePointer();
        _view?.Dispose();
        _file?.Dispose();
        if (_pin.IsAllocated)
        {
            _pin.Free();
        }
    }

    [LibraryImport("libc", EntryPoint = "madvise")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Advise(byte* start, nuint length, int advice);
}

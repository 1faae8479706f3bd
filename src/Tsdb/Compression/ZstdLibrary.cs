using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;
using Narthex.Storage;

namespace Narthex.Tsdb.Compression;

/// <summary>The system's libzstd: records of the write-ahead log may be compressed with it. Thread-safe.</summary>
/// <remarks>
/// The library is not part of the framework, and not every system has it. Nothing needs it but logs that were written with
/// <c>--storage.tsdb.wal-compression-type=zstd</c>; these must not be opened without it (<see cref="ThrowMissing"/>).
/// </remarks>
internal sealed unsafe class ZstdLibrary
{
    // The library's own default, and what upstream's log has.
    private const int Level = 3;

    // Content that says nothing of its length, or too much, is decompressed into buffers that double up to this.
    private const int ContentBytesMax = 1 << 30;
    private const int ExpansionTried = 16;
    private const ulong ContentSizeUnknown = ulong.MaxValue;
    private const ulong ContentSizeError = ulong.MaxValue - 1;
    private const nuint ErrorCodeMax = 120;

    private static readonly string[] s_names = ["libzstd.so.1", "libzstd.1.dylib", "libzstd.dll"];
    private static readonly Lazy<ZstdLibrary?> s_system = new(() => TryLoad(s_names));

    private readonly delegate* unmanaged<nuint, nuint> _compressBound;
    private readonly delegate* unmanaged<nint> _createCompressor;
    private readonly delegate* unmanaged<nint, byte*, nuint, byte*, nuint, int, nuint> _compress;
    private readonly delegate* unmanaged<nint> _createDecompressor;
    private readonly delegate* unmanaged<nint, byte*, nuint, byte*, nuint, nuint> _decompress;
    private readonly delegate* unmanaged<byte*, nuint, ulong> _getContentSize;

    // Contexts are large and costly to make. As many are kept as were ever in use at once: the threads that commit.
    private readonly ConcurrentBag<nint> _compressors = [];
    private readonly ConcurrentBag<nint> _decompressors = [];

    private ZstdLibrary(nint library)
    {
        _compressBound = (delegate* unmanaged<nuint, nuint>)NativeLibrary.GetExport(library, "ZSTD_compressBound");
        _createCompressor = (delegate* unmanaged<nint>)NativeLibrary.GetExport(library, "ZSTD_createCCtx");
        _compress = (delegate* unmanaged<nint, byte*, nuint, byte*, nuint, int, nuint>)NativeLibrary.GetExport(library, "ZSTD_compressCCtx");
        _createDecompressor = (delegate* unmanaged<nint>)NativeLibrary.GetExport(library, "ZSTD_createDCtx");
        _decompress = (delegate* unmanaged<nint, byte*, nuint, byte*, nuint, nuint>)NativeLibrary.GetExport(library, "ZSTD_decompressDCtx");
        _getContentSize = (delegate* unmanaged<byte*, nuint, ulong>)NativeLibrary.GetExport(library, "ZSTD_getFrameContentSize");
    }

    /// <summary>The library of this system; null if it has none.</summary>
    public static ZstdLibrary? System => s_system.Value;

    /// <summary>The library under one of these names; null if there is none that can be used.</summary>
    public static ZstdLibrary? TryLoad(params ReadOnlySpan<string> names)
    {
        foreach (string name in names)
        {
            try
            {
                if (NativeLibrary.TryLoad(name, typeof(ZstdLibrary).Assembly, DllImportSearchPath.SafeDirectories, out nint library))
                {
                    return new ZstdLibrary(library);
                }
            }
            catch (EntryPointNotFoundException)
            {
                // Another library under its name: as good as none.
            }
        }

        return null;
    }

    /// <summary>Says what is missing.</summary>
    [DoesNotReturn]
    public static void ThrowMissing(string what) =>
        throw new StorageException(
            $"{what}: zstd needs the library {s_names[0]}, which this system does not have. Install it (package libzstd1 or libzstd), or use snappy");

    /// <summary>The most bytes that <paramref name="length"/> bytes can become.</summary>
    public int GetMaxCompressedLength(int length) => checked((int)_compressBound((nuint)length));

    /// <summary>Compresses <paramref name="source"/> into one frame and returns its length.</summary>
    /// <param name="source">What to compress.</param>
    /// <param name="destination">At least <see cref="GetMaxCompressedLength"/> bytes.</param>
    /// <exception cref="StorageException">The library failed: it has no memory.</exception>
    public int Compress(ReadOnlySpan<byte> source, Span<byte> destination)
    {
        nint context = Rent(_compressors, _createCompressor);
        nuint written;
        fixed (byte* from = source)
        fixed (byte* to = destination)
        {
            written = _compress(context, to, (nuint)destination.Length, from, (nuint)source.Length, Level);
        }

        _compressors.Add(context);
        return IsError(written) ? throw new StorageException("zstd could not compress a record") : (int)written;
    }

    /// <summary>Decompresses a frame into the start of <paramref name="destination"/>, which is replaced by a larger one if need be. False if it is no sound frame.</summary>
    public bool TryDecompress(ReadOnlySpan<byte> source, ref byte[] destination, out int written)
    {
        written = 0;
        fixed (byte* from = source)
        {
            ulong claimed = _getContentSize(from, (nuint)source.Length);
            if (claimed is ContentSizeError || (claimed is not ContentSizeUnknown && claimed > ContentBytesMax))
            {
                return false;
            }

            // A claim costs nothing, so memory is not taken for it at once.
            long tried = Math.Min(claimed is ContentSizeUnknown ? long.MaxValue : (long)claimed, ((long)source.Length * ExpansionTried) + 4096);
            nint context = Rent(_decompressors, _createDecompressor);
            try
            {
                while (true)
                {
                    if (destination.Length < tried)
                    {
                        destination = GC.AllocateUninitializedArray<byte>((int)Math.Min(tried, ContentBytesMax));
                    }

                    nuint result;
                    fixed (byte* to = destination)
                    {
                        result = _decompress(context, to, (nuint)destination.Length, from, (nuint)source.Length);
                    }

                    if (!IsError(result))
                    {
                        written = (int)result;
                        return true;
                    }

                    if (!IsTooSmall(result) || destination.Length >= ContentBytesMax || (claimed is not ContentSizeUnknown && (ulong)destination.Length >= claimed))
                    {
                        return false;
                    }

                    tried = destination.Length * 4L;
                }
            }
            finally
            {
                _decompressors.Add(context);
            }
        }
    }

    // Results that are no lengths are the negative numbers of errors; those numbers are part of the library's stable interface.
    private static bool IsError(nuint result) => result > unchecked((nuint)0 - ErrorCodeMax);

    private static bool IsTooSmall(nuint result) => unchecked((nuint)0 - result) == 70;

    private static nint Rent(ConcurrentBag<nint> contexts, delegate* unmanaged<nint> create)
    {
        if (contexts.TryTake(out nint context))
        {
            return context;
        }

        context = create();
        return context != 0 ? context : throw new StorageException("zstd has no memory for a context");
    }
}

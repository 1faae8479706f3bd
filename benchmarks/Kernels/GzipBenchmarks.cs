using System.IO.Compression;
using BenchmarkDotNet.Attributes;
using Narthex.Scraping.Compression;

namespace Narthex.Benchmarks;

/// <summary>Decompressing the body of one scrape: our decoder and the framework's.</summary>
[MemoryDiagnoser]
public class GzipBenchmarks
{
    private readonly byte[] _file;
    private readonly int _fileLength;
    private readonly byte[] _destination;
    private readonly int _length;

    public GzipBenchmarks()
    {
        byte[] body = ExpositionBody.Render(1);
        var file = new MemoryStream();
        using (var gzip = new GZipStream(file, CompressionLevel.Optimal, leaveOpen: true))
        {
            gzip.Write(body);
        }

        _fileLength = (int)file.Length;
        _length = body.Length;
        _file = [.. file.ToArray(), .. new byte[GzipBlock.SourceMargin]];
        _destination = new byte[_length + GzipBlock.DestinationMargin];
    }

    [Benchmark]
    public bool Block() => GzipBlock.TryDecompress(_file, _fileLength, _destination, _length);

    [Benchmark(Baseline = true)]
    public int Framework()
    {
        using var gzip = new GZipStream(new MemoryStream(_file, 0, _fileLength), CompressionMode.Decompress);
        return gzip.ReadAtLeast(_destination, _length);
    }
}

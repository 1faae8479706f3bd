using BenchmarkDotNet.Attributes;
using Narthex.Tsdb.Chunks;

namespace Narthex.Benchmarks;

/// <summary>XOR and XOR2 chunks of 120 samples: a counter with an uneven rate at 15 s. Read the figures per sample: divide by 12,000.</summary>
[MemoryDiagnoser]
public class ChunkBenchmarks
{
    private const int Chunks = 100;
    private const int SamplesPerChunk = 120;
    private readonly long[] _timestamps = new long[Chunks * SamplesPerChunk];
    private readonly double[] _values = new double[Chunks * SamplesPerChunk];
    private readonly byte[] _room = new byte[4096];
    private readonly byte[][] _encoded = new byte[Chunks][];
    private readonly byte[][] _encodedXor2 = new byte[Chunks][];
    private readonly byte[][] _encodedStarts = new byte[Chunks][];
    private readonly long[] _decodedStarts = new long[SamplesPerChunk];
    private readonly long[] _decodedTimestamps = new long[SamplesPerChunk];
    private readonly double[] _decodedValues = new double[SamplesPerChunk];

    [GlobalSetup]
    public void Setup()
    {
        var random = new Random(1);
        double value = 0;
        for (int i = 0; i < _values.Length; i++)
        {
            value += random.Next(0, 400) / 4.0;
            _timestamps[i] = 1_767_225_600_000 + (i * 15_000L) + (random.Next(20) == 0 ? random.Next(-30, 30) : 0);
            _values[i] = value;
        }

        for (int chunk = 0; chunk < Chunks; chunk++)
        {
            _encoded[chunk] = _room[..EncodeChunk(chunk)];
            _encodedXor2[chunk] = _room[..EncodeXor2Chunk(chunk, startMs: 0)];
            _encodedStarts[chunk] = _room[..EncodeXor2Chunk(chunk, startMs: 1_767_225_000_000)];
        }
    }

    [Benchmark(OperationsPerInvoke = Chunks * SamplesPerChunk)]
    [AllocatesNothing]
    public void Encode()
    {
        for (int chunk = 0; chunk < Chunks; chunk++)
        {
            EncodeChunk(chunk);
        }
    }

    [Benchmark(OperationsPerInvoke = Chunks * SamplesPerChunk)]
    [AllocatesNothing]
    public void Decode()
    {
        foreach (byte[] chunk in _encoded)
        {
            XorDecoder.Decode(chunk, _decodedTimestamps, _decodedValues);
        }
    }

    [Benchmark(OperationsPerInvoke = Chunks * SamplesPerChunk)]
    [AllocatesNothing]
    public void EncodeXor2()
    {
        for (int chunk = 0; chunk < Chunks; chunk++)
        {
            EncodeXor2Chunk(chunk, startMs: 0);
        }
    }

    /// <summary>As blocks get them: shorter, as all samples are known.</summary>
    [Benchmark(OperationsPerInvoke = Chunks * SamplesPerChunk)]
    [AllocatesNothing]
    public void EncodeXor2ForBlocks()
    {
        for (int start = 0; start < _values.Length; start += SamplesPerChunk)
        {
            FloatChunk.EncodeXor2(_timestamps.AsSpan(start, SamplesPerChunk), _values.AsSpan(start, SamplesPerChunk), default, _room);
        }
    }

    [Benchmark(OperationsPerInvoke = Chunks * SamplesPerChunk)]
    [AllocatesNothing]
    public void EncodeXor2WithStarts()
    {
        for (int chunk = 0; chunk < Chunks; chunk++)
        {
            EncodeXor2Chunk(chunk, startMs: 1_767_225_000_000);
        }
    }

    [Benchmark(OperationsPerInvoke = Chunks * SamplesPerChunk)]
    [AllocatesNothing]
    public void DecodeXor2()
    {
        foreach (byte[] chunk in _encodedXor2)
        {
            Xor2Decoder.TryDecode(chunk, SamplesPerChunk, _decodedTimestamps, _decodedValues, default, out _);
        }
    }

    [Benchmark(OperationsPerInvoke = Chunks * SamplesPerChunk)]
    [AllocatesNothing]
    public void DecodeXor2WithStarts()
    {
        foreach (byte[] chunk in _encodedStarts)
        {
            Xor2Decoder.TryDecode(chunk, SamplesPerChunk, _decodedTimestamps, _decodedValues, _decodedStarts, out _);
        }
    }

    private int EncodeXor2Chunk(int chunk, long startMs)
    {
        XorAppenderState state = default;
        long lastStart = 0;
        for (int i = chunk * SamplesPerChunk; i < (chunk + 1) * SamplesPerChunk; i++)
        {
            Xor2Encoder.TryAppend(ref state, ref lastStart, _room, _timestamps[i], _values[i], startMs);
        }

        return state.ByteCount;
    }

    private int EncodeChunk(int chunk)
    {
        XorAppenderState state = default;
        for (int i = chunk * SamplesPerChunk; i < (chunk + 1) * SamplesPerChunk; i++)
        {
            XorEncoder.TryAppend(ref state, _room, _timestamps[i], _values[i]);
        }

        return state.ByteCount;
    }
}

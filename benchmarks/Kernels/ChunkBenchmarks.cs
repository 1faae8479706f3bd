using BenchmarkDotNet.Attributes;
using Narthex.Tsdb.Chunks;

namespace Narthex.Benchmarks;

/// <summary>XOR chunks of 120 samples: a counter with an uneven rate at 15 s. Read the figures per sample: divide by 12,000.</summary>
[MemoryDiagnoser]
public class ChunkBenchmarks
{
    private const int Chunks = 100;
    private const int SamplesPerChunk = 120;
    private readonly long[] _timestamps = new long[Chunks * SamplesPerChunk];
    private readonly double[] _values = new double[Chunks * SamplesPerChunk];
    private readonly byte[] _room = new byte[4096];
    private readonly byte[][] _encoded = new byte[Chunks][];
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

namespace Narthex.Exposition;

/// <summary>What to make of the histograms of an exposition.</summary>
[Flags]
public enum HistogramParsing : byte
{
    /// <summary>Only the classic series, as they stand.</summary>
    ClassicOnly = 0,

    /// <summary>Native histograms are read. Without it their native parts are passed over.</summary>
    Native = 1,

    /// <summary>Classic series are kept beside a native histogram that they come with, or that they are converted to.</summary>
    KeepClassic = 2,

    /// <summary>Classic histograms become native ones with custom buckets.</summary>
    ConvertClassic = 4,
}

namespace Narthex.Model;

/// <summary>What a relabelling rule does.</summary>
public enum RelabelAction : byte
{
    /// <summary>Sets the target label to the replacement if the expression matches the source.</summary>
    Replace,

    /// <summary>Drops what does not match.</summary>
    Keep,

    /// <summary>Drops what matches.</summary>
    Drop,

    /// <summary>Drops what does not have the source in the target label.</summary>
    KeepEqual,

    /// <summary>Drops what has the source in the target label.</summary>
    DropEqual,

    /// <summary>Sets the target label to a hash of the source modulo a number.</summary>
    HashMod,

    /// <summary>Copies labels with a matching name to the name that the replacement gives.</summary>
    LabelMap,

    /// <summary>Removes labels with a matching name.</summary>
    LabelDrop,

    /// <summary>Removes labels without a matching name.</summary>
    LabelKeep,

    /// <summary>Sets the target label to the source in lower case.</summary>
    Lowercase,

    /// <summary>Sets the target label to the source in upper case.</summary>
    Uppercase,
}

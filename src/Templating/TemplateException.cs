namespace Narthex.Templating;

/// <summary>A template that cannot be parsed or carried out. The message says where and why, in the words of Go's template package.</summary>
public sealed class TemplateException : Exception
{
    /// <summary>Makes one without a message.</summary>
    public TemplateException()
    {
    }

    /// <summary>Makes one.</summary>
    public TemplateException(string message)
        : base(message)
    {
    }

    /// <summary>Makes one with its cause.</summary>
    public TemplateException(string message, Exception inner)
        : base(message, inner)
    {
    }
}

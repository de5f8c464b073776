namespace CtfService.Api.Contracts;

/// <summary>The body of a request for edits in a batch: the fields of the form as JSON.</summary>
public sealed record EditImageLine : EditRequest
{
    /// <summary>The picture.</summary>
    public PictureReference? Image { get; init; }

    /// <summary>The mask. If absent, the transparent pixels of the picture are drawn anew.</summary>
    public PictureReference? Mask { get; init; }

    /// <summary>The class to draw.</summary>
    public ClassReference? ClassLabel { get; init; }
}

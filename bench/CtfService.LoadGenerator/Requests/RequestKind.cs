namespace CtfService.LoadGenerator.Requests;

/// <summary>What a request asks for.</summary>
public enum RequestKind
{
    /// <summary>One to four images as base64 in JSON.</summary>
    Json,

    /// <summary>One image as a file.</summary>
    File,

    /// <summary>Server-sent events with previews and one image.</summary>
    Stream,

    /// <summary>New details in a layout.</summary>
    Redetail,

    /// <summary>New details in the layout of an uploaded picture.</summary>
    Variation,

    /// <summary>A part of an uploaded picture drawn anew.</summary>
    Edit,

    /// <summary>One image as base64 in JSON with a time limit of its own.</summary>
    Deadline,

    /// <summary>A list or the status; no image.</summary>
    List,

    /// <summary>A request that the service must refuse as invalid.</summary>
    Bad,
}

/// <summary>The form of a right answer.</summary>
public enum AnswerForm
{
    /// <summary>The body is the file of the image.</summary>
    File,

    /// <summary>JSON with images as base64.</summary>
    Json,

    /// <summary>Server-sent events with images as base64.</summary>
    Events,

    /// <summary>JSON without images.</summary>
    List,

    /// <summary>JSON of an error.</summary>
    Error,
}

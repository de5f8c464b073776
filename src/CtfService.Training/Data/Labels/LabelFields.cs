using System.Text.Json;

namespace CtfService.Training.Data.Labels;

/// <summary>Finds the class of an image in the JSON object that describes the image.</summary>
internal static class LabelFields
{
    /// <summary>Fields in order of preference; a number is an id, a string is a name.</summary>
    private static readonly string[] Fields = ["class_id", "class_label", "class_name", "label_id", "label_name", "label", "class", "cls"];

    /// <summary>Returns the label in an object, from the first field with an id and the first field with a name.</summary>
    /// <returns>Null if the object has no label.</returns>
    public static ImageLabel? Of(JsonElement description)
    {
        if (description.ValueKind != JsonValueKind.Object)
        {
            return null;
        }

        long? id = null;
        string? name = null;
        foreach (var field in Fields)
        {
            if (!description.TryGetProperty(field, out var value))
            {
                continue;
            }

            if (value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out var number))
            {
                id ??= ImageLabel.Of(number)?.Id;
            }
            else if (value.ValueKind == JsonValueKind.String)
            {
                name ??= ImageLabel.Of(value.GetString())?.Name;
            }
        }

        return id is null && name is null ? null : new ImageLabel(id, name);
    }

    /// <summary>Reads the label from the text of an object.</summary>
    /// <returns>Null if the text is not JSON or has no label.</returns>
    public static ImageLabel? OfText(ReadOnlyMemory<byte> json)
    {
        try
        {
            using var document = JsonDocument.Parse(json);
            return Of(document.RootElement);
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException) // the latter: a string that is not Unicode
        {
            return null;
        }
    }
}

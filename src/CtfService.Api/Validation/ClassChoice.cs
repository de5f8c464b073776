using CtfService.Api.Contracts;
using CtfService.Api.Errors;
using CtfService.Core.Classes;

namespace CtfService.Api.Validation;

/// <summary>Finds the class that a request means by its <c>class_label</c> or its <c>prompt</c>.</summary>
internal static class ClassChoice
{
    private const string SeeClasses = "GET /v1/classes lists every class.";

    /// <summary>Returns null and adds a problem if no class is found.</summary>
    /// <param name="prompt">Null if the request has none.</param>
    public static ClassLabel? Choose(ClassReference? reference, string? prompt, ClassCatalog classes, RequestProblems problems)
    {
        if (IsTooLong(reference?.Name, ClassReference.MaxNameLength, "class_label", problems)
            | IsTooLong(prompt, DrawImageRequest.MaxPromptLength, "prompt", problems))
        {
            return null; // the search takes time that grows with the text
        }

        if (reference is not null)
        {
            var chosen = ByReference(reference, classes, problems);
            RefuseContradiction(chosen, prompt, classes, problems);
            return chosen;
        }

        if (prompt is not null)
        {
            return ByPrompt(prompt, classes, problems);
        }

        problems.Add("class_label", "required", $"class_label is missing; expected a class name or an index from 0 to {classes.Count - 1}. {SeeClasses}");
        return null;
    }

    private static bool IsTooLong(string? text, int limit, string param, RequestProblems problems)
    {
        if (text is null || text.Length <= limit)
        {
            return false;
        }

        problems.Add(param, "too_long", $"{param} has {text.Length} characters; expected at most {limit}. Send the name of one class. {SeeClasses}");
        return true;
    }

    /// <summary>Returns the class that a reference means; null if there is none.</summary>
    public static ClassLabel? Find(ClassReference reference, ClassCatalog classes) => reference switch
    {
        { Name: { } name } => classes.Find(name),
        { Id: >= 0 and <= int.MaxValue } => classes.Find((int)reference.Id),
        _ => null,
    };

    /// <summary>Creates the error for a path that names no class.</summary>
    public static ApiError NotFound(string asked, ClassCatalog classes) => new(
        StatusCodes.Status404NotFound,
        $"class '{asked}' is not a class of this model; expected a name or an index from 0 to {classes.Count - 1}.{Suggestion(classes, asked)} {SeeClasses}",
        "unknown_class",
        "class");

    /// <summary>Returns a question with the names that a misspelt one may mean, after a space; empty if there are none.</summary>
    public static string Suggestion(ClassReference misspelt, ClassCatalog classes) => misspelt.Name is { } name ? Suggestion(classes, name) : "";

    private static ClassLabel? ByReference(ClassReference reference, ClassCatalog classes, RequestProblems problems)
    {
        var found = Find(reference, classes);
        if (found is null)
        {
            var hint = Suggestion(reference, classes);
            problems.Add(
                "class_label",
                "unknown_class",
                $"class_label {reference} is not a class of this model; expected a name or an index from 0 to {classes.Count - 1}.{hint} {SeeClasses}");
        }

        return found;
    }

    private static ClassLabel? ByPrompt(string prompt, ClassCatalog classes, RequestProblems problems)
    {
        if (classes.Find(prompt) is { } exact)
        {
            return exact;
        }

        var named = classes.FindIn(prompt);
        if (named.Count == 1)
        {
            return named[0];
        }

        if (named.Count == 0 && (named = classes.FindMisspelt(prompt)).Count == 1)
        {
            problems.Warn("prompt", $"prompt does not name a class exactly; it was read as '{named[0].Name}'. Send class_label to choose the class.");
            return named[0];
        }

        if (named.Count > 1)
        {
            var names = string.Join(", ", named.Select(label => $"'{label.Name}'"));
            problems.Add(
                "prompt", "ambiguous_prompt", $"prompt matches {named.Count} classes ({names}); expected exactly one. Send class_label to choose the class.");
        }
        else
        {
            problems.Add("prompt", "unknown_class", $"prompt does not name a class of this model.{Suggestion(classes, prompt)} {SeeClasses}");
        }

        return null;
    }

    /// <summary>OpenAI's clients must send a prompt. Together with class_label it may hold any text that does not name another class.</summary>
    private static void RefuseContradiction(ClassLabel? chosen, string? prompt, ClassCatalog classes, RequestProblems problems)
    {
        if (chosen is null || prompt is null)
        {
            return;
        }

        IReadOnlyList<ClassLabel> named = classes.Find(prompt) is { } exact ? [exact] : classes.FindIn(prompt);
        if (named.Count > 0 && !named.Contains(chosen))
        {
            problems.Add(
                "prompt",
                "conflicting_fields",
                $"prompt names class '{named[0].Name}' and class_label names '{chosen.Name}'. Send one of them, or name the same class in both.");
        }
    }

    private static string Suggestion(ClassCatalog classes, string misspelt)
    {
        var names = classes.Suggest(misspelt);
        return names.Count == 0 ? "" : $" Did you mean {string.Join(" or ", names.Select(name => $"'{name}'"))}?";
    }
}

using CtfService.Api.Contracts;
using CtfService.Core.Classes;
using CtfService.Datasets.Plans;
using CtfService.Jobs.Work;

namespace CtfService.Api.Validation;

/// <summary>Finds out how many images of each class a request for a data set means, by <c>counts</c>, or by <c>per_class</c> and <c>classes</c>.</summary>
internal static class ImageCountChoice
{
    private const string SeeClasses = "GET /v1/classes lists every class.";

    /// <summary>Returns the number of images of each class, by class id. Adds every problem; the result is then incomplete.</summary>
    public static IReadOnlyList<int> Choose(DatasetRequest asked, ClassCatalog classes, JobsOptions jobs, RequestProblems problems)
    {
        var counts = new int[classes.Count];
        switch (asked)
        {
            case { Counts: not null, PerClass: not null }:
                problems.Add("per_class", "conflicting_fields", "counts and per_class cannot be combined. Send one of them.");
                break;
            case { Counts: { } named }:
                Fill(counts, named, classes, problems);
                RequireTotal(counts, "counts", jobs, problems);
                break;
            case { PerClass: { } perClass }:
                problems.RequireRange<int>(perClass, 1, int.MaxValue, "per_class");
                Fill(counts, perClass, asked.Classes, classes, problems);
                RequireTotal(counts, "per_class", jobs, problems);
                break;
            default:
                problems.Add(
                    "per_class",
                    "required",
                    "Neither per_class nor counts was sent; expected per_class: 500 for 500 images of every class, "
                    + "or counts: {\"NAME\": 500} for single classes. " + SeeClasses);
                break;
        }

        if (asked is { Classes: not null, PerClass: null })
        {
            problems.Add("classes", "conflicting_fields", "classes names the classes that per_class applies to. Send per_class as well, or use counts.");
        }

        return counts;
    }

    private static void Fill(int[] counts, IReadOnlyDictionary<string, int> named, ClassCatalog classes, RequestProblems problems)
    {
        var seen = new HashSet<ClassLabel>();
        foreach (var (name, count) in named)
        {
            if (problems.IsFull)
            {
                return; // the search takes time that grows with the number of names
            }

            problems.RequireRange<int>(count, 0, int.MaxValue, $"counts.{name}");
            if (Find(new ClassReference(name, Id: null), "counts", classes, problems) is { } label)
            {
                RequireOnce(label, seen, "counts", problems);
                counts[label.Id] = Math.Max(0, count);
            }
        }
    }

    private static void Fill(int[] counts, int perClass, IReadOnlyList<ClassReference>? named, ClassCatalog classes, RequestProblems problems)
    {
        if (named is { Count: 0 })
        {
            problems.Add("classes", "required", "classes is empty; expected at least one class. Leave it out for every class.");
        }

        var seen = new HashSet<ClassLabel>();
        foreach (var reference in named ?? [.. classes.Labels.Select(label => new ClassReference(Name: null, label.Id))])
        {
            if (problems.IsFull)
            {
                return;
            }

            if (Find(reference, "classes", classes, problems) is { } label)
            {
                RequireOnce(label, seen, "classes", problems);
                counts[label.Id] = Math.Max(0, perClass);
            }
        }
    }

    /// <param name="reference">Null if the list has a null.</param>
    private static ClassLabel? Find(ClassReference? reference, string param, ClassCatalog classes, RequestProblems problems)
    {
        if (reference is null)
        {
            problems.Add(param, "wrong_type", $"{param} has a null; expected names or indexes of classes. {SeeClasses}");
            return null;
        }

        if (reference.Name?.Length > ClassReference.MaxNameLength)
        {
            problems.Add(param, "too_long", $"{param} has a name of {reference.Name.Length} characters; expected at most {ClassReference.MaxNameLength}.");
            return null;
        }

        if (ClassChoice.Find(reference, classes) is { } label)
        {
            return label;
        }

        problems.Add(
            param,
            "unknown_class",
            $"{param} has {reference}, which is not a class of this model; expected names or indexes from 0 to {classes.Count - 1}."
            + $"{ClassChoice.Suggestion(reference, classes)} {SeeClasses}");
        return null;
    }

    private static void RequireOnce(ClassLabel label, HashSet<ClassLabel> seen, string param, RequestProblems problems)
    {
        if (!seen.Add(label))
        {
            problems.Add(param, "duplicate_class", $"{param} has class '{label.Name}' (index {label.Id}) twice. Send each class once.");
        }
    }

    private static void RequireTotal(int[] counts, string param, JobsOptions jobs, RequestProblems problems)
    {
        var total = counts.Sum(count => (long)count);
        var most = Math.Min(jobs.MaxImages, DatasetPlan.TotalRange.Most!.Value);
        if (total > most)
        {
            problems.Add(
                param,
                "too_many_images",
                $"{param} adds up to {total} images; expected at most {most} (Jobs:MaxImages). Split the data set, with another seed each.");
        }
        else if (total == 0 && problems.All.Count == 0)
        {
            problems.Add(param, "out_of_range", $"{param} adds up to no image; expected at least one.");
        }
    }
}

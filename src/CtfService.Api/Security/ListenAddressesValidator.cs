using CtfService.Api.Hosting;
using Microsoft.Extensions.Options;

namespace CtfService.Api.Security;

/// <summary>Reports listen addresses that the web server would refuse with an exception, as problems of their settings.</summary>
internal sealed class ListenAddressesValidator(IConfiguration configuration) : IValidateOptions<SecurityOptions>
{
    public ValidateOptionsResult Validate(string? name, SecurityOptions options)
    {
        var problems = ListenAddress.Read(configuration).Where(address => !address.IsReadable).Select(Message).ToList();
        return problems.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(problems);
    }

    private static string Message(ListenAddress address) =>
        $"{address.Setting} is '{address.Url}'; expected an http or https address with a port from 0 to 65535, "
        + "such as http://localhost:5080 or http://*:8080; several are separated by semicolons.";
}
